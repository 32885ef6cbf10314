"""The field types of bodies, queries and paths: what they may hold is said once, here.

The bounds become the validator and the OpenAPI document alike.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import Meta

from csms.errors import InvalidValueError

IN_FUTURE: Final = "a time in the future"

_TEXT: Final = r"^[^\x00-\x1f\x7f]*$"
"""No control characters: PostgreSQL can't hold NUL, and nobody means the others."""
_NOTE: Final = r"^[^\x00]*$"
_ODD: Final = r'\x00-\x1f\x7f"%/<>?\[\\\]^`{}'
_IDENTITY: Final = rf"^[^ {_ODD}](?:[^{_ODD}]*[^ {_ODD}])?$"
_IDENTITY_WORDS: Final = (
    "in letters, digits, spaces and -*.:+|@#&'(),;=!$~_, without spaces around it"
)
IDENTITY_CHARS: Final = 48
_PRINTABLE: Final = r"^[ -~]+$"
_TRIMMED: Final = r"^[!-~](?:[ -~]*[!-~])?$"
_SLUG: Final = "^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$"
_COUNTRY: Final = "^[A-Z]{2}$"
_CURRENCY: Final = "^[A-Z]{3}$"
_CLOCK: Final = "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"
_DAY_OF_YEAR: Final = "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_ACTION: Final = "^[A-Za-z0-9]{1,64}$"
_MONTH: Final = "^20[0-9]{2}-(0[1-9]|1[0-2])$"
_SERIES: Final = "^[A-Z0-9](?:[A-Z0-9-]*[A-Z0-9])?$"
_LETTERS_3: Final = "^[A-Z]{2}[A-Z]$"
_PARTY: Final = "^[A-Z0-9]{3}$"
_CURSOR: Final = "^[A-Za-z0-9_=-]+$"

PATTERN_WORDS: Final = {
    _TEXT: "without control characters",
    _NOTE: "without NUL",
    _IDENTITY: _IDENTITY_WORDS,
    _PRINTABLE: "in printable ASCII",
    _TRIMMED: "in printable ASCII, without spaces around it",
    _SLUG: "in letters, digits and ._- between them",
    _COUNTRY: "of two capital letters, such as PT",
    _CURRENCY: "of three capital letters, such as EUR",
    _CLOCK: "such as 09:15 or 23:59:30",
    _DAY_OF_YEAR: "such as 06-21",
    _MONTH: "such as 2026-06",
    _SERIES: "in capital letters, digits and - between them",
    _LETTERS_3: "of three capital letters",
    _PARTY: "of three capital letters or digits",
    _ACTION: "of 1 to 64 letters and digits",
    _CURSOR: "as next_cursor of the page before had it",
}
"""What the patterns below mean to a person."""

Text: TypeAlias = Annotated[str, Meta(max_length=255, pattern=_TEXT)]
AddressLine: TypeAlias = Annotated[str, Meta(min_length=1, max_length=45, pattern=_TEXT)]
"""As long as OCPI lets it be."""
PostalCode: TypeAlias = Annotated[str, Meta(max_length=10, pattern=_TEXT)]
SubjectId: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=_TEXT,
        description="Of the user, the charge point or the site.",
    ),
]
Note: TypeAlias = Annotated[str, Meta(max_length=2000, pattern=_NOTE)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255, pattern=_TEXT)]
ChargePointId: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=IDENTITY_CHARS,
        pattern=_IDENTITY,
        description="The charge point's identity: the last part of the URL it connects to.",
    ),
]
IdTokenText: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=_TRIMMED,
        description="Printable ASCII; case-insensitive, kept in upper case.",
    ),
]
GroupId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255, pattern=_TRIMMED)]
SiteId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, pattern=_SLUG)]
AccountId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, pattern=_SLUG)]
CircuitId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, pattern=_SLUG)]
MeterId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, pattern=_SLUG)]
TemplateId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, pattern=_SLUG)]
UserId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255, pattern=_TRIMMED)]
TariffId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, pattern=_SLUG)]
ClockTime: TypeAlias = Annotated[
    str,
    Meta(
        pattern=_CLOCK,
        description="A time of the site's clock; 00:00 as an end is the end of the day.",
    ),
]
DayOfYear: TypeAlias = Annotated[
    str, Meta(pattern=_DAY_OF_YEAR, description="A day of every year: month-day.")
]
Currency: TypeAlias = Annotated[str, Meta(pattern=_CURRENCY, description="ISO 4217, such as EUR.")]
VendorId: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=_TRIMMED,
        description="As charge points write it in DataTransfer; compared without case.",
    ),
]
Country: TypeAlias = Annotated[str, Meta(pattern=_COUNTRY)]
MonthText: TypeAlias = Annotated[
    str, Meta(pattern=_MONTH, description="A calendar month of the site's clock, such as 2026-06.")
]
Series: TypeAlias = Annotated[str, Meta(min_length=1, max_length=20, pattern=_SERIES)]
CountryOf3: TypeAlias = Annotated[
    str, Meta(pattern=_LETTERS_3, description="ISO 3166-1 in three letters, such as PRT.")
]
PartyId: TypeAlias = Annotated[str, Meta(pattern=_PARTY, description="OCPI's party_id.")]
Moment: TypeAlias = Annotated[
    datetime, Meta(tz=True, description="RFC 3339 with a zone, for example 2026-01-31T12:00:00Z.")
]
Int32: TypeAlias = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Int64: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
RecordId: TypeAlias = Annotated[int, Meta(ge=1, le=2**63 - 1)]
VersionNumber: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]
KeyId: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]
ReservationId: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]
ActionName: TypeAlias = Annotated[
    str,
    Meta(
        pattern=_ACTION,
        description="An action that the central system may start, in OCPP's spelling.",
    ),
]
EvseId: TypeAlias = Annotated[
    int, Meta(ge=0, le=65535, description="0: the whole charge point. OCPP 1.6: the connector.")
]
OutletId: TypeAlias = Annotated[int, Meta(ge=1, le=65535)]
ConnectorId: TypeAlias = Annotated[int, Meta(ge=0, le=65535)]
TimeoutS: TypeAlias = Annotated[
    float, Meta(gt=0, le=600, description="How long to wait for the charge point, in seconds.")
]
Limit: TypeAlias = Annotated[int, Meta(ge=1, le=500, description="Items per page.")]
CursorText: TypeAlias = Annotated[
    str,
    Meta(
        min_length=4,
        max_length=2000,
        pattern=_CURSOR,
        description="`next_cursor` of the page before.",
    ),
]
Password: TypeAlias = Annotated[
    str,
    Meta(
        min_length=16,
        max_length=64,
        pattern=_PRINTABLE,
        description="For Basic authentication; kept only as a hash, never shown.",
    ),
]
IdTokenType: TypeAlias = Literal[
    "Central",
    "DirectPayment",
    "eMAID",
    "EVCCID",
    "ISO14443",
    "ISO15693",
    "KeyCode",
    "Local",
    "MacAddress",
    "NoAuthorization",
    "VIN",
]
ConnectorType: TypeAlias = Literal[
    "cCCS1",
    "cCCS2",
    "cG105",
    "cTesla",
    "cType1",
    "cType2",
    "s309-1P-16A",
    "s309-1P-32A",
    "s309-3P-16A",
    "s309-3P-32A",
    "sBS1361",
    "sCEE-7-7",
    "sType2",
    "sType3",
    "Other1PhMax16A",
    "Other1PhOver16A",
    "Other3Ph",
    "Pan",
    "wInductive",
    "wResonant",
    "Undetermined",
    "Unknown",
]
Number: TypeAlias = int | float
_CONNECTABLE: Final = re.compile(r"(?!\.\.?$)[\w \-*.:+|@#&'(),;=!$~]+")
"""What the gateway lets in. The schema's pattern can't say it: its letters would be ASCII's."""


def check_identity(charge_point_id: str) -> None:
    """Refuse an identity that no charge point could connect with; raises InvalidValueError."""
    if not _CONNECTABLE.fullmatch(charge_point_id):
        allowed = f"text of 1 to {IDENTITY_CHARS} characters {_IDENTITY_WORDS}"
        raise InvalidValueError("charge_point_id", charge_point_id, allowed)


def plain(value: Any) -> Any:
    """Return a database value as JSON holds it: whole decimals as integers."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
