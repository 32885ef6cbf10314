"""Settings: from CSMS_* variables over a TOML file over defaults, checked at start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set; each field is CSMS_<NAME> in capitals."""

    data_dir: Path = Path("data")
    database_url: str | None = None
    ocpp_host: str = "0.0.0.0"  # noqa: S104 - chargers come from outside
    ocpp_port: int = 9000
    ocpp_tls_port: int | None = None
    ocpp_tls_certificate: Path | None = None
    ocpp_tls_key: Path | None = None
    ocpp_tls_client_ca: Path | None = None
    ocpp_tls_second_certificate: Path | None = None
    ocpp_tls_second_key: Path | None = None
    api_host: str = "0.0.0.0"  # noqa: S104
    api_port: int = 8080
    unknown_charge_points: Literal["pending", "accept", "reject"] = "pending"
    max_pending_charge_points: int = 1000
    unknown_id_tokens: Literal["reject", "accept"] = "reject"
    heartbeat_interval: int = 300
    pending_interval: int = 30
    call_timeout: float = 30.0
    call_queue_limit: int = 32
    calls_timed_out_before_close: int = 3
    max_frame_bytes: int = 1_048_576
    max_json_depth: int = 32
    messages_per_second: float = 50.0
    messages_burst: int = 500
    handshakes_per_second: float = 200.0
    handshakes_burst: int = 2000
    max_connections: int = 20_000
    ping_interval: float = 60.0
    silence_limit: float = 1800.0
    shutdown_timeout: float = 4.0
    message_log_days: int = 7
    message_log_max_chars: int = 8192
    meter_values_days: int = 800
    history_days: int = 400
    max_plausible_power_w: int = 500_000
    metrics_public: bool = True
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
