"""OCPP 2.1: a station that reckons costs itself gets the driver's tariff with the answer (I08)."""

from __future__ import annotations

from typing import Any

import pytest
from acceptance.pricing.bodies import energy, flat_rate
from conformance.stations import ACCEPTED, notifications, now, station_21, token
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

SHOWN = token("CARD-1")
TAKES = {"Enabled": "true", "MaxElements": "2", "ConditionsSupported": "true"}
BY_HOURS: list[dict[str, Any]] = [
    {
        "components": [energy(0.2)],
        "restrictions": {"start_time": "00:00", "end_time": "06:00"},
    },
    {"components": [energy(0.3)]},
]


async def card_under(
    server: Running, tariff: dict[str, Any], scope: str = "id_token", subject: str = "CARD-1"
) -> None:
    await server.add_token("CARD-1")
    await server.post("/tariffs", tariff, status=201)
    assigned = {"tariff_id": "flat", "scope": scope, "subject_id": subject}
    await server.post("/tariff-assignments", assigned, status=201)


def of_elements(*elements: dict[str, Any]) -> dict[str, Any]:
    return flat_rate(0.3, versions=[{"valid_from": "2020-01-01", "elements": list(elements)}])


async def tariff_for_card(
    station: ScriptedChargePoint, announced: dict[str, str]
) -> dict[str, Any] | None:
    """Announce what the station takes, show the card; returns the tariff in the answer."""
    variables = [
        {
            "component": {"name": "TariffCostCtrlr"},
            "variable": {"name": name, "instance": "Tariff"},
            "variableAttribute": [{"value": value}],
        }
        for name, value in announced.items()
    ]
    report = {"requestId": 1, "generatedAt": now(), "seqNo": 0, "reportData": variables}
    await station.send("NotifyReport", report, reply={})
    answer = await station.send("Authorize", {"idToken": SHOWN}, reply={"idTokenInfo": ACCEPTED})
    tariff: dict[str, Any] | None = answer.get("tariff")
    return tariff


async def test_a_station_that_reckons_costs_gets_the_drivers_tariff(server: Running) -> None:
    await card_under(server, flat_rate(0.30))
    async with station_21(server) as station:
        tariff = await tariff_for_card(station, TAKES)
    assert tariff is not None
    assert tariff["tariffId"].startswith("flat-")
    assert (tariff["currency"], tariff["energy"]) == ("EUR", {"prices": [{"priceKwh": 0.3}]})
    assert "validFrom" not in tariff  # I08.FR.09


async def test_prices_by_the_hour_are_told_with_their_hours(server: Running) -> None:
    await card_under(server, of_elements(*BY_HOURS))
    async with station_21(server) as station:
        tariff = await tariff_for_card(station, TAKES)
    assert tariff is not None
    night, day = tariff["energy"]["prices"]
    assert night["conditions"] == {"startTimeOfDay": "00:00", "endTimeOfDay": "06:00"}
    assert day == {"priceKwh": 0.3}


@pytest.mark.parametrize(
    "announced", [{}, {"Available": "false"}, {"Available": "true", "Enabled": "false"}]
)
async def test_a_station_that_reckons_no_costs_gets_no_tariff(
    server: Running, announced: dict[str, str]
) -> None:
    await card_under(server, flat_rate(0.30))
    async with station_21(server) as station:
        assert await tariff_for_card(station, announced) is None


async def test_a_places_tariff_is_not_sent_as_a_drivers(server: Running) -> None:
    async with station_21(server) as station:
        await card_under(server, flat_rate(0.30), "charge_point", "CS-1")
        assert await tariff_for_card(station, TAKES) is None


@pytest.mark.parametrize(
    ("element", "announced", "takes"),
    [
        (
            BY_HOURS[0] | {"components": [energy(0.2, step_size=1000)]},
            TAKES,
            "no steps in which energy or time",
        ),
        (
            BY_HOURS[0],
            TAKES | {"ConditionsSupported": "false"},
            "no prices that depend",
        ),
        (BY_HOURS[0], TAKES | {"MaxElements": "1"}, "1 or fewer prices of one kind"),
    ],
)
async def test_a_tariff_that_a_station_can_not_take_is_left_out_and_the_operator_told(
    server: Running, element: dict[str, Any], announced: dict[str, str], takes: str
) -> None:
    await card_under(server, of_elements(element, BY_HOURS[1]))
    async with station_21(server) as station:
        for _ in range(2):
            assert await tariff_for_card(station, announced) is None
    (note,) = await notifications(server, "driver_tariff")
    said = f"tariff flat can't be given to this station, which takes {takes}"
    assert note["summary"].startswith(said)
