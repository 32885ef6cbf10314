"""/sites/{id}/statement-issuer: who writes a site's statements, and as whom OCPI knows the site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import Meta, Struct, convert, to_builtins

from csms.api.context import Context
from csms.api.fields import (
    AddressLine,
    Country,
    CountryOf3,
    Name,
    Note,
    PartyId,
    PostalCode,
    Series,
    Text,
)
from csms.api.paging import view
from csms.api.route import Asked, Nothing, Route, delete, get
from csms.store.admin import sites
from csms.store.admin import statement_issuers as store

TAG: Final = "Statements"

Language: TypeAlias = Literal["en", "pt", "de", "es", "fr"]


class CdrParty(Struct, forbid_unknown_fields=True, kw_only=True):
    """What OCPI 2.2.1 wants to know of a site beside what it is known by here."""

    country_code: Annotated[Country, Meta(description="OCPI's country_code, such as PT.")]
    party_id: PartyId
    address: AddressLine
    city: AddressLine
    postal_code: PostalCode = ""
    country: CountryOf3
    connector_standard: Literal[
        "CHADEMO",
        "DOMESTIC_F",
        "IEC_60309_2_single_16",
        "IEC_60309_2_three_16",
        "IEC_60309_2_three_32",
        "IEC_60309_2_three_64",
        "IEC_62196_T1",
        "IEC_62196_T1_COMBO",
        "IEC_62196_T2",
        "IEC_62196_T2_COMBO",
        "IEC_62196_T3A",
        "IEC_62196_T3C",
        "NEMA_14_50",
    ] = "IEC_62196_T2"
    connector_format: Literal["SOCKET", "CABLE"] = "SOCKET"


class IssuerSettings(Struct, forbid_unknown_fields=True, kw_only=True):
    """All there is to set; what is left out gets its default."""

    name: Name
    address: Note = ""
    tax_number: Text = ""
    bank: Text = ""
    text: Annotated[Note, Meta(description="What else is printed: when to pay, for example.")] = ""
    series: Annotated[Series, Meta(description="Statements are numbered by series and year.")]
    language: Language = "en"
    cdr: CdrParty | None = None


class IssuerView(Struct, kw_only=True):
    site_id: str
    name: str
    address: str
    tax_number: str
    bank: str
    text: str
    series: str
    language: Language
    cdr: CdrParty | None
    created_at: datetime
    updated_at: datetime


class StatementIssuers:
    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/sites/{site_id}/statement-issuer"
        return [
            get(
                path,
                self.read,
                "Show who issues a site's statements",
                tag=TAG,
                query=Nothing,
                answer=IssuerView,
            ),
            Route(
                method="PUT",
                path=path,
                handler=self.replace,
                summary="Say who issues a site's statements; those issued before stay as they are",
                tag=TAG,
                query=Nothing,
                body=IssuerSettings,
                answers={200: IssuerView},
                problems=(404,),
            ),
            delete(path, self.remove, "Let nobody issue statements for a site", tag=TAG),
        ]

    async def read(self, asked: Asked[Nothing, Nothing]) -> IssuerView:
        async with self._context.database.begin() as connection:
            return _view(await store.find(connection, asked.path["site_id"]))

    async def replace(self, asked: Asked[Nothing, IssuerSettings]) -> IssuerView:
        site_id = asked.path["site_id"]
        values: dict[str, Any] = to_builtins(asked.body)
        values["cdr"] = values["cdr"] or {}
        async with self._context.change(
            asked.actor.name, "replace", f"sites/{site_id}/statement-issuer", values
        ) as connection:
            await sites.find(connection, site_id)
            return _view(await store.replace(connection, site_id, values))

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        site_id = asked.path["site_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"sites/{site_id}/statement-issuer", {}
        ) as connection:
            await store.remove(connection, site_id)


def _view(row: Any) -> IssuerView:
    cdr = convert(row["cdr"], CdrParty) if row["cdr"] else None
    return view(IssuerView, {**row, "cdr": None}, cdr=cdr)
