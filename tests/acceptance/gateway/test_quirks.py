"""Messages as real chargers send them, over a real socket: understood, counted, never lost."""

from __future__ import annotations

import pytest
from fake_chargepoints.errors import CallError
from gateway_world import running_gateway

from csms.model import OcppVersion

NOW = "2026-01-01T12:00:00Z"
STOP = {"transactionId": 1, "meterStop": 1000, "timestamp": NOW}


async def test_a_repair_is_counted_for_its_vendor_and_noted_in_the_message_log() -> None:
    async with running_gateway() as site, site.link() as link:
        connection = site.links.get("CP-1")
        assert connection is not None
        connection.charge_point.vendor = "Mennekes"

        await link.call("Authorize", {"idTag": "A", "connectorId": 1})

        assert site.desk.received == [("Authorize", {"idTag": "A"})]
        assert site.count("repairs", repair="unknown_field", vendor="Mennekes") == 1
        (line,) = site.world.store.log
        assert line.repairs == ("unknown_field",)
        assert line.request is not None
        assert "connectorId" in line.request


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("StopTransaction", {}),
        ("StopTransaction", {"meterStop": 1000}),
        ("StopTransaction", {"transactionId": "none", "meterStop": 1, "timestamp": NOW}),
        ("StartTransaction", {"idTag": "A"}),
        (
            "StartTransaction",
            {"connectorId": 1, "idTag": ["A", "B"], "meterStart": 0, "timestamp": NOW},
        ),
        ("MeterValues", {"meterValue": [{"sampledValue": [{"value": 17}]}]}),
        ("MeterValues", {"connectorId": 1, "meterValue": "garbage"}),
    ],
)
async def test_what_a_person_must_pay_for_reaches_its_handler_whatever_is_wrong_with_it(
    action: str, payload: dict[str, object]
) -> None:
    async with running_gateway() as site, site.link() as link:
        assert await link.call(action, payload) == {}

        assert len(site.desk.of(action)) == 1
        assert site.count("repairs", repair="passed_on_broken", vendor="unknown") == 1


async def test_an_empty_transaction_message_holds_nothing_to_record() -> None:
    async with running_gateway() as site, site.link() as link:
        with pytest.raises(CallError, match="OccurenceConstraintViolation"):
            await link.call("StartTransaction", {})


async def test_a_truncated_stop_is_saved_up_to_where_it_was_cut() -> None:
    async with running_gateway() as site, site.link() as link:
        await link.send_raw(
            '[2,"m1","StopTransaction",{"transactionId":1,"meterStop":1000,'
            f'"timestamp":"{NOW}","transactionData":[{{"timestamp":"{NOW}","sampledValue":[{{"val'
        )
        await site.until(lambda: len(link.journal) == 2)

        assert list(link.journal)[-1].text == '[3,"m1",{}]'
        assert site.desk.of("StopTransaction") == [STOP]
        assert site.count("repairs", repair="truncated", vendor="unknown") == 1


@pytest.mark.parametrize(
    "text",
    [
        '[2,"m1","Authorize",{"idTag":"A",},]',
        "[2,'m1','Authorize',{'idTag':'A'}]",
        '\ufeff[2,"m1","Authorize",{"idTag":"A"}]\x00',
    ],
)
async def test_what_is_not_quite_json_is_read_counted_and_noted_in_the_message_log(
    text: str,
) -> None:
    async with running_gateway() as site, site.link() as link:
        await link.send_raw(text)
        await site.until(lambda: len(link.journal) == 2)

        assert site.desk.of("Authorize") == [{"idTag": "A"}]
        assert site.count("repairs", repair="loose_json", vendor="unknown") == 1
        assert [line.repairs for line in site.world.store.log] == [("loose_json",)]


async def test_messages_of_16_on_a_connection_of_201_are_refused_and_reported_once() -> None:
    async with running_gateway() as site, site.link(version=OcppVersion.V201) as link:
        for _ in range(2):
            with pytest.raises(CallError, match="NotImplemented"):
                await link.call(
                    "StartTransaction",
                    {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": NOW},
                )
        with pytest.raises(CallError, match="OccurrenceConstraintViolation"):
            await link.call(
                "StatusNotification",
                {"connectorId": 1, "errorCode": "NoError", "status": "Available"},
            )

        assert site.count("bad_frames", why="other_version") == 3
        (report,) = site.world.store.notifications
        assert report.kind == "wrong_ocpp_version"
        assert "sends messages of ocpp1.6" in report.summary


async def test_messages_of_201_on_a_connection_of_16_are_reported_too() -> None:
    async with running_gateway() as site, site.link() as link:
        with pytest.raises(CallError):
            await link.call(
                "BootNotification",
                {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}},
            )

        (report,) = site.world.store.notifications
        assert "sends messages of ocpp2.0.1" in report.summary


async def test_a_status_before_the_first_boot_is_processed() -> None:
    async with running_gateway() as site, site.link() as link:
        await link.call(
            "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        )

        assert len(site.desk.of("StatusNotification")) == 1
