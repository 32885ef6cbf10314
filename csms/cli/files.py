"""Looks whether the files that settings name can be used, before anything is started."""

from __future__ import annotations

from collections.abc import Callable

from csms.clock import SystemClock
from csms.config import Settings, SettingsError
from csms.errors import InvalidValueError


def check_files(settings: Settings) -> None:
    """Raise SettingsError with every file that is not what it should be, by the setting's name."""
    from csms.gateway.tls import server_context  # here, so that other refusals come at once
    from csms.services.certificates.making import built_in_authority, contract_roots

    checks: list[Callable[[], object]] = [
        lambda: built_in_authority(settings, SystemClock()),
        lambda: contract_roots(settings),
    ]
    if settings.ocpp_tls_port is not None:
        checks.insert(0, lambda: server_context(settings))
    problems: list[str] = []
    for check in checks:
        try:
            check()
        except InvalidValueError as error:
            problems.append(str(error))
    if problems:
        raise SettingsError(problems)
