"""An operator makes tariffs, and is told exactly what is wrong with one."""

from __future__ import annotations

from typing import Any

from acceptance.pricing.bodies import flat_rate, four_periods, version
from running import Response, Running


def errors(answer: Response, status: int = 422) -> dict[str, Any]:
    assert answer.status == status, answer
    return {error["field"]: error["value"] for error in answer.body["errors"]}


async def test_a_tariff_that_was_read_can_be_sent_back_as_it_is(server: Running) -> None:
    made = await server.post("/tariffs", four_periods(), status=201)
    assert made["versions"][0]["elements"][0]["components"][0]["price"] == 0.198418
    assert made["versions"][0]["elements"][3]["restrictions"]["end_time"] == "09:15"

    again = await server.api("PUT", "/tariffs/tetra", made)

    assert (again.status, again.body) == (200, made)
    assert await server.get("/tariffs/tetra") == made


async def test_a_gap_is_refused_with_its_field_its_days_and_its_hours(server: Running) -> None:
    await server.post("/sites", {"id": "lisbon", "time_zone": "Europe/Lisbon"}, status=201)
    body = four_periods()
    elements = body["versions"][0]["elements"]
    body["versions"][0]["elements"] = [
        each for each in elements if (each["section"], each["name"]) != ("Summer/Sunday", "Vazio 2")
    ]

    found = errors(await server.api("POST", "/tariffs", body))

    assert list(found) == ["versions.0.elements"]
    assert found["versions.0.elements"] == (
        "no ENERGY price on SUNDAY, HOLIDAY 06:00–24:00 in Summer, first on 2020-03-29"
    )
    assert (await server.get("/tariffs"))["items"] == []


async def test_two_prices_for_a_moment_are_refused_by_name(server: Running) -> None:
    await server.post("/sites", {"id": "lisbon", "time_zone": "Europe/Lisbon"}, status=201)
    body = four_periods()
    body["versions"][0]["elements"][1]["restrictions"]["end_time"] = "06:30"
    found = errors(await server.api("POST", "/tariffs", body))
    assert (
        "two ENERGY prices, of element 1 (Super vazio) and element 2 (Vazio 2),"
        in (found["versions.0.elements"])
    )


async def test_all_wrong_fields_are_named_at_once(server: Running) -> None:
    body = flat_rate(-1)
    body["versions"][0]["min_price"] = 5
    body["versions"][0]["max_price"] = 2
    body["versions"][0]["holidays"] = {"country": "ZZ"}
    found = errors(await server.api("POST", "/tariffs", body))
    assert set(found) == {
        "versions.0.holidays.country",
        "versions.0.max_price",
        "versions.0.elements.0.components.0.price",
    }


async def test_a_misspelt_field_is_named_with_what_was_meant(server: Running) -> None:
    body = flat_rate(0.2)
    body["versions"][0]["elements"][0]["componets"] = []
    answer = await server.api("POST", "/tariffs", body)
    assert "versions.0.elements.0.componets" in errors(answer)
    assert "did you mean components?" in str(answer.body)


async def test_a_version_counts_from_its_day_on(server: Running) -> None:
    await server.post("/tariffs", flat_rate(0.20), status=201)
    changed = await server.post("/tariffs/flat/versions", version(0.25, "2027-01-01"), status=201)
    assert [(each["number"], each["valid_from"]) for each in changed["versions"]] == [
        (1, "2020-01-01"),
        (2, "2027-01-01"),
    ]


async def test_a_bad_version_is_refused_by_its_own_fields(server: Running) -> None:
    await server.post("/tariffs", flat_rate(0.20), status=201)
    body = version(0.25, "2027-01-01")
    body["elements"][0]["restrictions"] = {"start_time": "08:00", "end_time": "20:00"}
    answer = await server.api("POST", "/tariffs/flat/versions", body)
    assert list(errors(answer)) == ["elements"]
    assert answer.body["detail"].startswith(
        "elements: no ENERGY price every day 00:00–08:00, first on 2027-01-01"
    )


async def test_two_versions_cannot_begin_on_the_same_day(server: Running) -> None:
    await server.post("/tariffs", flat_rate(0.20), status=201)
    answer = await server.api("POST", "/tariffs/flat/versions", version(0.25))
    assert answer.status == 409
    assert "version 1 of tariff 'flat' begins on that day already" in answer.body["detail"]


async def test_a_version_that_priced_nothing_can_be_changed_and_deleted(server: Running) -> None:
    await server.post("/tariffs", flat_rate(0.20), status=201)
    await server.post("/tariffs/flat/versions", version(0.25, "2027-01-01"), status=201)
    changed = await server.put("/tariffs/flat/versions/2", version(0.26, "2027-02-01"))
    assert changed["versions"][1]["elements"][0]["components"][0]["price"] == 0.26
    assert (await server.api("DELETE", "/tariffs/flat/versions/2")).status == 204
    assert len((await server.get("/tariffs/flat"))["versions"]) == 1


async def test_the_last_version_stays(server: Running) -> None:
    await server.post("/tariffs", flat_rate(0.20), status=201)
    assert (await server.api("DELETE", "/tariffs/flat/versions/1")).status == 409
    assert (await server.api("DELETE", "/tariffs/flat/versions/9")).status == 404


async def test_a_tariff_that_is_assigned_cannot_be_deleted(server: Running) -> None:
    await server.post("/tariffs", flat_rate(0.20), status=201)
    body = {"tariff_id": "flat", "scope": "id_token", "subject_id": "card"}
    assigned = await server.post("/tariff-assignments", body, status=201)
    refused = await server.api("DELETE", "/tariffs/flat")
    assert (refused.status, "is assigned to id_token 'CARD'" in refused.body["detail"]) == (
        409,
        True,
    )
    await server.api("DELETE", f"/tariff-assignments/{assigned['id']}")
    assert (await server.api("DELETE", "/tariffs/flat")).status == 204


async def test_the_same_assignment_twice_is_refused_and_the_first_is_named(server: Running) -> None:
    await server.post("/tariffs", flat_rate(0.20), status=201)
    body = {"tariff_id": "flat", "scope": "id_token", "subject_id": "card"}
    first = await server.post("/tariff-assignments", body, status=201)
    later = {**body, "valid_from": "2027-01-01T00:00:00Z"}
    second = await server.post("/tariff-assignments", later, status=201)

    twin = await server.api("POST", "/tariff-assignments", {**body, "subject_id": "CARD"})
    turned = await server.api("PUT", f"/tariff-assignments/{second['id']}", body)

    said = f"tariff assignment {first['id']} says the same already"
    assert (twin.status, twin.body["detail"]) == (409, said)
    assert (turned.status, turned.body["detail"]) == (409, said)
    await server.put(f"/tariff-assignments/{first['id']}", body)
    assert len((await server.get("/tariff-assignments"))["items"]) == 2


async def test_a_tariff_is_assigned_only_to_whom_there_is(server: Running) -> None:
    await server.post("/tariffs", flat_rate(0.20), status=201)
    for scope in ("user", "user_group", "charge_point", "site"):
        body = {"tariff_id": "flat", "scope": scope, "subject_id": "nobody"}
        found = errors(await server.api("POST", "/tariff-assignments", body))
        assert found == {"subject_id": "nobody"}
    body = {"tariff_id": "no-such", "scope": "id_token", "subject_id": "card"}
    assert errors(await server.api("POST", "/tariff-assignments", body)) == {"tariff_id": "no-such"}


async def test_the_most_specific_tariff_counts_and_the_choice_says_why(server: Running) -> None:
    await server.post("/sites", {"id": "garage", "time_zone": "Europe/Lisbon"}, status=201)
    await server.accept("CP-1", site_id="garage")
    await server.post("/user-groups", {"id": "Neighbours"}, status=201)
    await server.post(
        "/users", {"id": "Ana", "name": "Ana", "group_ids": ["neighbours"]}, status=201
    )
    await server.add_token("card", user_id="ana")
    for tariff_id, scope, subject_id in (
        ("all", "site", "garage"),
        ("shared", "user_group", "NEIGHBOURS"),
    ):
        await server.post("/tariffs", flat_rate(0.20, tariff_id), status=201)
        body = {"tariff_id": tariff_id, "scope": scope, "subject_id": subject_id}
        await server.post("/tariff-assignments", body, status=201)

    choice = await server.get("/tariff-choice?charge_point_id=cp-1&id_token=Card")

    assert (choice["tariff_id"], choice["version"]) == ("shared", 1)
    assert choice["reason"] == "tariff 'shared' is assigned to user group 'Neighbours'"
    assert [each["reason"] for each in choice["passed_over"]] == [
        "user group 'Neighbours' is more specific than site 'garage'"
    ]
    assert (choice["user_id"], choice["time_zone"]) == ("Ana", "Europe/Lisbon")


async def test_where_no_tariff_counts_the_choice_says_what_was_asked(server: Running) -> None:
    await server.accept("CP-1")
    choice = await server.get("/tariff-choice?charge_point_id=CP-1&id_token=card")
    assert choice["tariff_id"] is None
    assert choice["reason"] == (
        "no tariff is assigned to id token 'CARD', charge point 'CP-1' at the transaction's start"
    )


async def test_a_tariff_with_a_gap_in_a_new_site_s_calendar_is_not_assigned(
    server: Running,
) -> None:
    body = four_periods()
    elements = body["versions"][0]["elements"]
    del elements[0]  # of legal summer, which the time zone of no site has yet
    await server.post("/tariffs", body, status=201)
    await server.post("/sites", {"id": "lisbon", "time_zone": "Europe/Lisbon"}, status=201)

    assignment = {"tariff_id": "tetra", "scope": "site", "subject_id": "lisbon"}
    found = errors(await server.api("POST", "/tariff-assignments", assignment))

    assert list(found) == ["versions.0.elements"]
    assert (await server.get("/tariff-assignments"))["items"] == []
