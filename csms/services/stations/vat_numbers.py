"""VAT numbers that drivers enter for their receipts (C18).

What can be told without asking anybody is whether a number has the form that its country gives to
its numbers; a register of companies, where there is one, tells more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Protocol

from csms.errors import CsmsError

_DIGITS: Final = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CHE": r"\d{9}(MWST|TVA|IVA)?",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}",
    "GB": r"(\d{9}|\d{12}|GD\d{3}|HA\d{3})",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"(\d{7}[A-W][A-I]?|\d[A-Z+*]\d{5}[A-W])",
    "IT": r"\d{11}",
    "LT": r"(\d{9}|\d{12})",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"[A-Z0-9+*]{10}\d{2}",
    "NO": r"\d{9}(MVA)?",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
    "XI": r"(\d{9}|\d{12}|GD\d{3}|HA\d{3})",
}
_FORMS: Final = {prefix: re.compile(prefix + rest, re.ASCII) for prefix, rest in _DIGITS.items()}
_ELSEWHERE: Final = re.compile(r"[A-Z]{2}(?=.*\d)[A-Z0-9+*]{2,18}", re.ASCII)
_FILLING: Final = re.compile(r"[\s.\-]")


@dataclass(frozen=True, slots=True)
class Company:
    """Whose number it is, as a receipt shows it."""

    name: str
    address: str
    city: str
    country: str
    postal_code: str | None = None


@dataclass(frozen=True, slots=True)
class VatVerdict:
    """`reason` says why a number is refused."""

    accepted: bool
    reason: str = ""
    company: Company | None = None


class VatRegisterError(CsmsError):
    """The register can't be asked now; says why."""


class VatRegister(Protocol):
    async def find(self, vat_number: str) -> Company | None:
        """Return whose number it is, None if nobody's. Raises VatRegisterError."""
        ...


class VatNumberService:
    """Without a `register`, and while it can't be asked, the form of a number decides."""

    def __init__(self, register: VatRegister | None = None) -> None:
        self._register = register

    async def check(self, vat_number: str) -> VatVerdict:
        written = _FILLING.sub("", vat_number).upper()
        if not is_wellformed(written):
            return VatVerdict(accepted=False, reason="its form is not that of a VAT number")
        if self._register is None:
            return VatVerdict(accepted=True)
        try:
            company = await self._register.find(written)
        except VatRegisterError:
            return VatVerdict(accepted=True)
        if company is None:
            return VatVerdict(accepted=False, reason="the register does not know it")
        return VatVerdict(accepted=True, company=company)


def is_wellformed(vat_number: str) -> bool:
    """Whether a number, in capitals and without spaces, has the form of its country's.

    Countries of which no form is known here may write what they like behind their two letters.
    """
    form = _FORMS.get(vat_number[:3]) or _FORMS.get(vat_number[:2]) or _ELSEWHERE
    return form.fullmatch(vat_number) is not None
