"""Looks whether the server can listen where the settings say, before anything is started."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterator
from typing import Final

from csms.config import Settings, SettingsError

_NOT_HERE: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


def check_addresses(settings: Settings) -> None:
    """Raise SettingsError with every address that can't be had, by the setting's name."""
    wanted = (
        ("OCPP", settings.ocpp_host, "OCPP_PORT", settings.ocpp_port),
        ("OCPP", settings.ocpp_host, "OCPP_TLS_PORT", settings.ocpp_tls_port),
        ("OCPP", settings.ocpp_host, "FILES_PORT", settings.files_port),
        ("OCPP", settings.ocpp_host, "FILES_TLS_PORT", settings.files_tls_port),
        ("API", settings.api_host, "API_PORT", settings.api_port),
    )
    problems: list[str] = []
    for door, host, port_name, port in wanted:
        if port is not None:
            problems += _problems(f"CSMS_{door}_HOST", host, f"CSMS_{port_name}", port)
    if problems:
        raise SettingsError(list(dict.fromkeys(problems)))


def _problems(host_name: str, host: str, port_name: str, port: int) -> Iterator[str]:
    allowed = "expected an IP address or host name of this machine"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        yield f"{host_name}: {host!r} is not allowed; {allowed} ({error.strerror})"
        return
    for family, kind, protocol, _, address in found:
        try:
            _bind(family, kind, protocol, address)
        except OSError as error:
            if error.errno in _NOT_HERE:
                yield f"{host_name}: {host!r} is not allowed; {allowed}"
            elif error.errno == errno.EADDRINUSE:
                yield (
                    f"{port_name}: {port} is taken by another program; stop that, or choose "
                    "another port (0 takes any free one)"
                )
            else:  # such as a port below 1024, which is not for everybody
                yield f"{port_name}: {port} can't be had: {os.strerror(error.errno or 0)}"


def _bind(family: int, kind: int, protocol: int, address: object) -> None:
    """Bind as the server will, and let go again."""
    with socket.socket(family, kind, protocol) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        probe.bind(address)  # type: ignore[arg-type]  # whatever getaddrinfo gave
        probe.listen()
