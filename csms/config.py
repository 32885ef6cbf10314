"""Settings: from CSMS_* variables over a TOML file over defaults, checked at start."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from csms.errors import CsmsError
from csms.setting_kinds import (
    Choice,
    Directory,
    ExistingFile,
    Flag,
    Host,
    Integer,
    Kind,
    Line,
    LineWith,
    Networks,
    Number,
    PathKind,
    PostgresUrl,
    TimeZone,
)

T = TypeVar("T")

PREFIX: Final = "CSMS_"
CONFIG_VARIABLE: Final = "CSMS_CONFIG"
DEFAULT_FILE: Final = "csms.toml"

_PORT: Final = Integer(0, 65535, "a port (0 takes any free one)")
_DAYS: Final = Integer(1, 36500, "days")
_DAY_S: Final = 86_400


def _setting(default: T, kind: Kind, about: str) -> T:
    made: T = field(default=default, metadata={"kind": kind, "about": about})
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set; each field is CSMS_<NAME> in capitals."""

    data_dir: Path = _setting(Path("data"), Directory(), "the embedded database and its password")
    database_url: str | None = _setting(
        None, PostgresUrl(), "a PostgreSQL server; unset runs an embedded one"
    )
    database_pool_size: int = _setting(
        5, Integer(2, 100, "connections"), "in each of the two pools that this server keeps"
    )
    ocpp_host: str = _setting("0.0.0.0", Host(), "where chargers connect")  # noqa: S104 - they come from outside
    ocpp_port: int = _setting(9000, _PORT, "ws:// for chargers")
    ocpp_tls_port: int | None = _setting(None, _PORT, "wss:// for chargers")
    ocpp_version_choice: Literal["newest", "charger"] = _setting(
        "newest", Choice(("newest", "charger")), "of the versions that a charger offers"
    )
    ocpp_tls_certificate: Path | None = _setting(None, ExistingFile(), "PEM, with its chain")
    ocpp_tls_key: Path | None = _setting(None, ExistingFile(), "PEM, of the certificate")
    ocpp_tls_client_ca: Path | None = _setting(
        None, ExistingFile(), "PEM; who signs the chargers' certificates (security profile 3)"
    )
    ocpp_tls_second_certificate: Path | None = _setting(
        None, ExistingFile(), "PEM, of another algorithm (RSA beside ECDSA)"
    )
    ocpp_tls_second_key: Path | None = _setting(
        None, ExistingFile(), "PEM, of the second certificate"
    )
    operator_name: str | None = _setting(
        None, Line(64), "the organisation that chargers' certificates must name"
    )
    certificate_signing: Literal["accepted", "authenticated", "by-hand"] = _setting(
        "accepted",
        Choice(("accepted", "authenticated", "by-hand")),
        "chargers whose certificates are signed at once",
    )
    certificate_days: int = _setting(730, Integer(1, 3650, "days"), "a charger's certificate holds")
    certificate_authority: Path | None = _setting(
        None, ExistingFile(), "PEM, with its chain; signs chargers' certificates"
    )
    certificate_authority_key: Path | None = _setting(None, ExistingFile(), "PEM, of the authority")
    v2g_authority: Path | None = _setting(
        None, ExistingFile(), "PEM, with its chain; signs what chargers show to cars"
    )
    v2g_authority_key: Path | None = _setting(None, ExistingFile(), "PEM, of the V2G authority")
    contract_roots: Path | None = _setting(
        None, ExistingFile(), "PEM; roots of cars' contracts (V2G and mobility operators)"
    )
    private_ocsp_responders: Literal["same-network", "never", "always"] = _setting(
        "same-network",
        Choice(("same-network", "never", "always")),
        "OCSP responders with private addresses",
    )
    api_host: str = _setting("0.0.0.0", Host(), "where the API and metrics are")  # noqa: S104
    api_port: int = _setting(8080, _PORT, "http:// for the API and metrics")
    files_port: int | None = _setting(
        None, _PORT, "http:// for chargers' firmware and logs; unset, the API's port does it"
    )
    files_tls_port: int | None = _setting(
        None, _PORT, "https:// for them, with the certificates of the OCPP TLS port"
    )
    files_url: str | None = _setting(
        None, Line(200), "where chargers reach these files, if not at their own OCPP host"
    )
    firmware_max_bytes: int = _setting(
        536_870_912, Integer(1024, 2**40, "bytes"), "one firmware file at most"
    )
    upload_max_bytes: int = _setting(
        268_435_456, Integer(1024, 2**40, "bytes"), "one log of a charger at most"
    )
    uploads_quota_bytes: int = _setting(
        10_737_418_240, Integer(1024, 2**50, "bytes"), "all logs of chargers at most"
    )
    upload_timeout: float = _setting(
        3600.0, Number(1, 7 * _DAY_S, "seconds"), "for one upload of a charger"
    )
    uploads_days: int = _setting(30, _DAYS, "logs of chargers are kept")
    customer_information_days: int = _setting(30, _DAYS, "what chargers told of customers is kept")
    unknown_charge_points: Literal["pending", "accept", "reject"] = _setting(
        "pending", Choice(("pending", "accept", "reject")), "chargers nobody has entered yet"
    )
    max_pending_charge_points: int = _setting(
        1000, Integer(1, 1_000_000), "unknown chargers kept waiting at most"
    )
    receipt_url: str | None = _setting(
        None, LineWith(500, "{receipt_id}"), "where receipts of payments at chargers are"
    )
    unknown_id_tokens: Literal["reject", "accept"] = _setting(
        "reject", Choice(("reject", "accept")), "cards nobody has entered yet"
    )
    id_token_mark: str | None = _setting(
        None, Line(10), "only what follows it counts, of tokens that have it"
    )
    local_list_delay: float = _setting(
        10.0, Number(0, 3600, "seconds"), "after a change of id tokens before local lists follow"
    )
    heartbeat_interval: int = _setting(
        300, Integer(1, 7 * _DAY_S, "seconds"), "between heartbeats of an accepted charger"
    )
    pending_interval: int = _setting(
        30, Integer(1, _DAY_S, "seconds"), "before a charger that is not accepted boots again"
    )
    configuration_jobs_per_minute: int = _setting(
        60, Integer(1, 6000), "chargers per minute that templates are applied to"
    )
    call_timeout: float = _setting(
        30.0, Number(0.1, 3600, "seconds"), "for a charger's answer to a command"
    )
    call_queue_limit: int = _setting(32, Integer(1, 10_000), "commands waiting per charger")
    calls_timed_out_before_close: int = _setting(
        3, Integer(1, 1000), "unanswered commands in a row that end a connection"
    )
    max_frame_bytes: int = _setting(
        1_048_576, Integer(1024, 64 * 1_048_576, "bytes"), "one message of a charger at most"
    )
    max_json_depth: int = _setting(32, Integer(4, 500), "nesting of a message at most")
    messages_per_second: float = _setting(
        1000.0, Number(0.1, 1_000_000), "from one charger in the long run"
    )
    messages_burst: int = _setting(2000, Integer(1, 1_000_000), "from one charger at once")
    handshakes_per_second: float = _setting(
        500.0, Number(0.1, 1_000_000), "new connections in the long run"
    )
    handshakes_burst: int = _setting(5000, Integer(1, 1_000_000), "new connections at once")
    max_connections: int = _setting(20_000, Integer(1, 1_000_000), "chargers connected at most")
    ping_interval: float = _setting(
        60.0, Number(1, _DAY_S, "seconds"), "of silence before a charger is pinged"
    )
    silence_limit: float = _setting(
        1800.0, Number(1, 30 * _DAY_S, "seconds"), "of silence that end a connection"
    )
    shutdown_timeout: float = _setting(
        4.0, Number(0, 600, "seconds"), "for connections to end when the server stops"
    )
    message_log_days: int = _setting(7, _DAYS, "the log of OCPP messages is kept")
    message_log_max_chars: int = _setting(
        8192, Integer(0, 1_048_576, "characters"), "of a message are logged"
    )
    message_log_chars_per_day: int = _setting(
        50_000_000,
        Integer(1000, 1_000_000_000_000, "characters"),
        "of one charger are logged in a day",
    )
    meter_values_days: int = _setting(800, _DAYS, "readings are kept")
    history_days: int = _setting(400, _DAYS, "connector status, notifications and audit are kept")
    max_plausible_power_w: int = _setting(
        500_000, Integer(1000, 100_000_000, "watts"), "above which a reading is flagged"
    )
    time_zone: str = _setting("UTC", TimeZone(), "of charge points that belong to no site")
    private_networks: tuple[IPv4Network | IPv6Network, ...] | None = _setting(
        None, Networks(), "where CDR webhooks and price sources may be beside the public internet"
    )
    metrics_public: bool = _setting(True, Flag(), "/metrics needs no API key")  # noqa: FBT003
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", Choice(("debug", "info", "warning", "error")), "what is logged"
    )
    log_format: Literal["text", "json"] = _setting(
        "text", Choice(("text", "json")), "how it is logged"
    )


class SettingsError(CsmsError):
    """Everything that is wrong with the settings, a line each."""

    def __init__(self, problems: list[str]) -> None:
        count = "1 setting is" if len(problems) == 1 else f"{len(problems)} settings are"
        super().__init__("\n  ".join([f"{count} wrong:", *problems]))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class SettingHelp:
    """What people are told about a setting."""

    variable: str
    default: str
    allowed: str
    about: str


def describe() -> Iterator[SettingHelp]:
    """Yield every setting in order."""
    for each in fields(Settings):
        default = "" if each.default is None else str(each.default)
        if isinstance(each.default, bool):
            default = default.lower()
        kind: Kind = each.metadata["kind"]
        yield SettingHelp(variable_of(each.name), default, kind.allowed, each.metadata["about"])


def load(environment: Mapping[str, str], config_file: Path | None = None) -> Settings:
    """Read the settings: a variable wins over the file, the file over the default.

    The file is `config_file`, else CSMS_CONFIG, else csms.toml in the working directory if it
    exists. An empty variable counts as unset. Paths in the file are relative to the file.
    Raises SettingsError with all problems at once; secrets are never repeated in it.
    """
    problems: list[str] = []
    read = _Reader(problems)
    values = read.file(environment, config_file)
    values |= read.variables(environment)
    settings = Settings(**values)
    problems += _contradictions(settings)
    if problems:
        raise SettingsError(problems)
    return settings


class _Reader:
    def __init__(self, problems: list[str]) -> None:
        self._problems = problems
        self._kinds: dict[str, Kind] = {
            each.name: each.metadata["kind"] for each in fields(Settings)
        }

    def variables(self, environment: Mapping[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for variable, text in sorted(environment.items()):
            if variable.startswith(PREFIX) and variable != CONFIG_VARIABLE and text:
                name = variable.removeprefix(PREFIX).lower()
                if name in self._kinds and variable == variable_of(name):
                    self._take(values, name, text, variable, Path())
                else:
                    known = [*map(variable_of, self._kinds), CONFIG_VARIABLE]
                    self._unknown(variable, variable.upper(), known)
        return values

    def file(self, environment: Mapping[str, str], config_file: Path | None) -> dict[str, Any]:
        chosen = config_file or Path(environment.get(CONFIG_VARIABLE) or DEFAULT_FILE)
        must_exist = config_file is not None or bool(environment.get(CONFIG_VARIABLE))
        values: dict[str, Any] = {}
        for key, value in self._toml(chosen, must_exist=must_exist).items():
            if key in self._kinds:
                self._take(values, key, value, f"{chosen}: {key}", chosen.parent)
            else:
                guess = key.lower().replace("-", "_").removeprefix(PREFIX.lower())
                self._unknown(f"{chosen}: {key}", guess, list(self._kinds))
        return values

    def _toml(self, path: Path, *, must_exist: bool) -> dict[str, Any]:
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            if must_exist:
                self._problems.append(f"{path}: there is no such configuration file")
        except OSError as error:
            self._problems.append(f"{path}: can't be read: {error.strerror}")
        except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
            self._problems.append(f"{path}: is not valid TOML: {error}")
        return {}

    def _take(
        self, values: dict[str, Any], name: str, raw: object, origin: str, base: Path
    ) -> None:
        kind = self._kinds[name]
        if isinstance(kind, PathKind) and isinstance(raw, str):
            raw = str(base / Path(raw).expanduser())
        try:
            values[name] = kind.parse(raw)
        except ValueError:
            self._problems.append(
                f"{origin}: {kind.shown(raw)} is not allowed; expected {kind.allowed}"
            )

    def _unknown(self, origin: str, guess: str, known: list[str]) -> None:
        close = difflib.get_close_matches(guess, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else "; `csms serve --help` lists them"
        self._problems.append(f"{origin}: there is no such setting{hint}")


def _contradictions(settings: Settings) -> Iterator[str]:
    """Settings that are right alone but not together."""
    needs = (
        ("ocpp_tls_port", "ocpp_tls_certificate"),
        ("ocpp_tls_port", "ocpp_tls_key"),
        ("ocpp_tls_certificate", "ocpp_tls_port"),
        ("ocpp_tls_client_ca", "ocpp_tls_port"),
        ("ocpp_tls_second_certificate", "ocpp_tls_second_key"),
        ("ocpp_tls_second_certificate", "ocpp_tls_port"),
        ("ocpp_tls_second_key", "ocpp_tls_second_certificate"),
        ("files_tls_port", "ocpp_tls_port"),
        ("certificate_authority", "certificate_authority_key"),
        ("certificate_authority_key", "certificate_authority"),
        ("v2g_authority", "v2g_authority_key"),
        ("v2g_authority_key", "v2g_authority"),
    )
    for name, needed in needs:
        if getattr(settings, name) is not None and getattr(settings, needed) is None:
            yield f"{variable_of(name)} is set, so {variable_of(needed)} must be set as well"
    if settings.files_url and not settings.files_url.startswith(("http://", "https://")):
        yield f"{variable_of('files_url')} must begin with http:// or https://"
    ports: dict[int, str] = {}
    for name in ("ocpp_port", "ocpp_tls_port", "api_port", "files_port", "files_tls_port"):
        port = getattr(settings, name)
        if port and port in ports:
            yield f"{variable_of(name)}: {port} is taken by {variable_of(ports[port])} already"
        elif port:
            ports[port] = name


def variable_of(name: str) -> str:
    """Return what a setting is called in the environment."""
    return PREFIX + name.upper()
