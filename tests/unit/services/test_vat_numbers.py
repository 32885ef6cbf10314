"""VAT numbers: what their form alone tells, and what a register adds."""

from __future__ import annotations

import pytest

from csms.services.stations.vat_numbers import (
    Company,
    VatNumberService,
    VatRegisterError,
    is_wellformed,
)

ACME = Company("ACME", "Main Street 1", "Lisboa", "Portugal")


class Register:
    def __init__(self, *, away: bool = False) -> None:
        self._away = away

    async def find(self, vat_number: str) -> Company | None:
        if self._away:
            raise VatRegisterError("busy")
        return ACME if vat_number == "PT123456789" else None


@pytest.mark.parametrize(
    "number", ["DE123456789", "NL123456789B01", "CHE123456789MWST", "IE1234567WA", "US123456"]
)
def test_numbers_have_the_form_of_their_country(number: str) -> None:
    assert is_wellformed(number)


@pytest.mark.parametrize("number", ["", "DE12345678", "PT12345678X", "ATU1", "123456789", "USA"])
def test_what_is_no_number_is_told_from_its_form(number: str) -> None:
    assert not is_wellformed(number)


async def test_a_register_knows_whose_number_it_is() -> None:
    verdict = await VatNumberService(Register()).check("pt 123.456-789")
    assert (verdict.accepted, verdict.company) == (True, ACME)


async def test_a_number_that_the_register_does_not_know_is_refused() -> None:
    verdict = await VatNumberService(Register()).check("PT999999990")
    assert (verdict.accepted, verdict.reason) == (False, "the register does not know it")


async def test_while_the_register_is_away_the_form_decides() -> None:
    assert (await VatNumberService(Register(away=True)).check("PT999999990")).accepted
