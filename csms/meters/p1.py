"""Smart meters with a P1 port (DSMR, ESMR, eMUCS), read over a TCP bridge.

The telegrams are parsed and their checksums verified by dsmr_parser. A telegram that fails is
dropped; the next one comes within seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from string import hexdigits
from typing import Any, Final

from dsmr_parser import telegram_specifications
from dsmr_parser.exceptions import DecryptionError, InvalidChecksumError, ParseError
from dsmr_parser.objects import Telegram
from dsmr_parser.parsers import TelegramParser

from csms.clock import Clock
from csms.meters.errors import MeterError, SecretError
from csms.meters.measurement import CURRENTS, EXPORT, EXPORTS, POWER, POWERS, VOLTAGES
from csms.meters.secrets import SecretFiles
from csms.meters.settings import P1Settings
from csms.meters.sources import Intake
from csms.meters.streams import connected
from csms.meters.telegrams import CiphertextCutter, TelegramCutter
from csms.units import normalise_unit

READ_BYTES: Final = 4096
KEY_DIGITS: Final = 32

_SPECIFICATIONS: Final[dict[str, dict[str, Any]]] = {
    "dsmr4": telegram_specifications.V4,
    "dsmr5": telegram_specifications.V5,
    "belgium": telegram_specifications.BELGIUM_FLUVIUS,
    "luxembourg": telegram_specifications.LUXEMBOURG_SMARTY,
    "luxembourg_encrypted": telegram_specifications.MSN,
    "sweden": telegram_specifications.SWEDEN,
}
_WANTED: Final = {
    "CURRENT_ELECTRICITY_USAGE": POWER,
    "CURRENT_ELECTRICITY_DELIVERY": EXPORT,
    **{f"INSTANTANEOUS_CURRENT_L{n}": CURRENTS[n - 1] for n in (1, 2, 3)},
    **{f"INSTANTANEOUS_VOLTAGE_L{n}": VOLTAGES[n - 1] for n in (1, 2, 3)},
    **{f"INSTANTANEOUS_ACTIVE_POWER_L{n}_POSITIVE": POWERS[n - 1] for n in (1, 2, 3)},
    **{f"INSTANTANEOUS_ACTIVE_POWER_L{n}_NEGATIVE": EXPORTS[n - 1] for n in (1, 2, 3)},
}
"""Which line of a telegram tells which quantity."""
_NAMES: Final = {quantity: name for name, quantity in _WANTED.items()}


class P1Link:
    def __init__(self, settings: P1Settings, secrets: SecretFiles, clock: Clock) -> None:
        self._settings = settings
        self._secrets = secrets
        self._clock = clock
        self._parser = TelegramParser(_reduced(_SPECIFICATIONS[settings.variant]))

    async def stay(self, intake: Intake) -> None:
        """Read telegrams as they come. Raises MeterError, OSError."""
        key = ""
        cutter: TelegramCutter | CiphertextCutter = TelegramCutter()
        if self._settings.encryption_key is not None:
            key = await asyncio.to_thread(_read_key, self._secrets, self._settings.encryption_key)
            cutter = CiphertextCutter()
        settings = self._settings
        async with connected(settings.host, settings.port, timeout_s=settings.timeout_s) as (
            reader,
            _,
        ):
            while piece := await reader.read(READ_BYTES):
                received_at = self._clock.now()
                for text in cutter.feed(piece):
                    self._take(text, key, received_at, intake)

    def _take(self, text: str, key: str, received_at: datetime, intake: Intake) -> None:
        try:
            telegram = self._parser.parse(text, encryption_key=key, throw_ex=True)
        except DecryptionError:
            raise MeterError("telegrams can't be decrypted: is the key right?") from None
        except InvalidChecksumError:
            intake.complain("a telegram was damaged: its checksum is wrong")
        except (ParseError, ValueError, ArithmeticError, LookupError, RuntimeError) as error:
            intake.complain(f"a telegram can't be read: {error}")
        else:
            intake.take(quantities_of(telegram), received_at)


def _read_key(secrets: SecretFiles, name: str) -> str:
    """Return the key; an error must not repeat it."""
    key = secrets.read(name)
    if len(key) != KEY_DIGITS or not set(key) <= set(hexdigits):
        raise SecretError(f"secret {name!r} is no key of {KEY_DIGITS} hexadecimal digits")
    return key


def _reduced(specification: Mapping[str, Any]) -> dict[str, Any]:
    """Leave away what a telegram says beyond the present load.

    It saves half of the work, and the parser of the power failure log grows with every telegram.
    """
    wanted = [line for line in specification["objects"] if line["value_name"] in _WANTED]
    return {**specification, "objects": wanted}


def quantities_of(telegram: Telegram) -> dict[str, float]:
    """Return what a telegram says of the present load."""
    found = {
        quantity: number
        for name, quantity in _WANTED.items()
        if (number := _number(getattr(telegram, name, None))) is not None
    }
    for current, voltage, power, export in zip(CURRENTS, VOLTAGES, POWERS, EXPORTS, strict=True):
        exports = found.get(export, 0.0) > found.get(power, 0.0)
        if exports and voltage in found and _whole(getattr(telegram, _NAMES[current], None)):
            # Rounded to amperes, it can't tell a reactive current beside the exported one.
            del found[current]
    return found


def _number(line: Any) -> float | None:
    """Return a line's value in A, V or W; None for no line or an empty one."""
    if line is None or line.value is None:
        return None
    unit = normalise_unit(line.unit or "")
    return None if unit is None else float(line.value) * unit.factor


def _whole(line: Any) -> bool:
    return line is not None and isinstance(line.value, Decimal) and "." not in str(line.value)
