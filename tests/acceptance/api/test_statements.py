"""An operator states what users owe for a month, and hands it out as files."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from typing import Any

import pytest
from acceptance.api.installation import refused
from pypdf import PdfReader
from running import Running
from statement_world import StatementWorld

JUNE: dict[str, Any] = {
    "kind": "user",
    "subject_id": "flat-7",
    "site_id": "garage",
    "month": "2025-06",
}
ISSUER: dict[str, Any] = {
    "name": "Garagem Central, Lda.",
    "address": "Rua da Fonte 12\n1200-101 Lisboa",
    "tax_number": "PT501234567",
    "bank": "PT50 0002 0123 1234 5678 9015 4",
    "text": "Please pay within 30 days.",
    "series": "GARAGE",
    "language": "pt",
}


@pytest.fixture
async def garage(server: Running) -> Running:
    """A server whose garage has June's transactions, priced."""
    await StatementWorld(server.app.database).june()
    await server.put("/sites/garage/statement-issuer", ISSUER)
    return server


async def downloaded(server: Running, path: str) -> tuple[bytes, str, str]:
    async with server.http.get(f"{server.api_url}/api/v1{path}") as response:
        assert response.status == 200, await response.text()
        headers = response.headers
        return await response.read(), headers["Content-Type"], headers["Content-Disposition"]


async def test_a_users_june_is_issued_to_the_cent_with_a_number(garage: Running) -> None:
    made = await garage.post("/statements", JUNE, status=201)

    assert made["number"] == "GARAGE-" + made["issued_at"][:4] + "-00001"
    assert made["complete"] is True
    assert [Decimal(str(total["gross"])) for total in made["totals"]] == [Decimal("80.38")]
    listed = await garage.get("/statements?kind=user&subject_id=FLAT-7&month=2025-06")
    assert listed["items"] == [made]


async def test_the_pdf_has_the_lines_the_total_and_the_issuer(garage: Running) -> None:
    made = await garage.post("/statements", JUNE, status=201)

    body, kind, disposition = await downloaded(garage, f"/statements/{made['id']}/pdf")

    text = re.sub(r"\s+", " ", PdfReader(io.BytesIO(body)).pages[0].extract_text())
    assert kind == "application/pdf"
    assert disposition == f'attachment; filename="{made["number"]}.pdf"'
    assert "Garagem Central, Lda. Rua da Fonte 12 1200-101 Lisboa NIF: PT501234567" in text
    assert "Summer/weekday Cheia 2 222,036 kWh 0,227756 50,57" in text
    assert "Total 360,018 kWh 80,38" in text


async def test_csv_and_workbook_are_always_the_same(garage: Running) -> None:
    made = await garage.post("/statements", JUNE, status=201)
    for file_format in ("pdf", "csv", "xlsx"):
        first = await downloaded(garage, f"/statements/{made['id']}/{file_format}")
        assert await downloaded(garage, f"/statements/{made['id']}/{file_format}") == first


async def test_a_draft_shows_the_same_and_keeps_nothing(garage: Running) -> None:
    draft = await garage.post("/statements/drafts", JUNE)

    assert (draft["number"], draft["energy_kwh"]) in ((None, 360.018), (None, "360.018000"))
    assert len(draft["entries"]) == 19
    assert (await garage.get("/statements"))["items"] == []


async def test_a_draft_is_also_shown_as_pdf(garage: Running) -> None:
    url = f"{garage.api_url}/api/v1/statements/drafts/pdf"
    async with garage.http.post(url, json=JUNE | {"language": "de"}) as response:
        assert response.content_type == "application/pdf"
        page = PdfReader(io.BytesIO(await response.read())).pages[0].extract_text()
    assert "Abrechnung (Entwurf)" in page


async def test_a_site_is_stated_with_its_suppliers_bill_shared(garage: Running) -> None:
    bill = {"energy_kwh": 400, "currency": "EUR", "amount": 85}
    order = {"kind": "site", "site_id": "garage", "month": "2025-06", "supplier_bill": bill}

    made = await garage.post("/statements", order, status=201)

    document = (await garage.get(f"/statements/{made['id']}"))["document"]
    split = document["cost_split"]
    assert Decimal(str(split["rest"]["energy_kwh"])) == Decimal("39.982")
    shares = [*split["users"], split["rest"]]
    assert sum(Decimal(str(share["amount"])) for share in shares) == 85


async def test_a_statement_is_issued_once_and_then_corrected(garage: Running) -> None:
    made = await garage.post("/statements", JUNE, status=201)

    again = await garage.api("POST", "/statements", JUNE)
    same = await garage.api("POST", f"/statements/{made['id']}/corrections", {"reason": "why not"})

    assert made["number"] in refused(again, 409)
    assert "the same" in refused(same, 409)
    await garage.put("/sites/garage/statement-issuer", ISSUER | {"tax_number": "PT509999999"})
    path = f"/statements/{made['id']}/corrections"
    corrected = await garage.post(path, {"reason": "the tax number was wrong"}, status=201)
    assert corrected["corrects_id"] == made["id"]
    assert (await garage.get(f"/statements/{made['id']}"))["corrected_by"] == corrected["id"]


async def test_a_run_issues_everybodys_statement_in_the_background(garage: Running) -> None:
    run = await garage.post(
        "/statement-runs", {"site_id": "garage", "month": "2025-06"}, status=202
    )

    done = await garage.eventually(
        f"/statement-runs/{run['id']}", lambda body: body["state"] not in ("waiting", "running")
    )

    assert (done["state"], done["total"], done["issued"], done["refusals"]) == ("done", 1, 1, [])
    assert len((await garage.get("/statements"))["items"]) == 1
    assert (await garage.get("/statement-runs"))["items"] == [done]


async def test_mistakes_are_named_by_field(garage: Running) -> None:
    async def wrong(**fields: Any) -> Any:
        return await garage.api("POST", "/statements/drafts", JUNE | fields)

    bill = {"energy_kwh": 1, "currency": "EUR"}
    refused(await wrong(month="2025-13"), 422, "month")
    refused(await wrong(language="la"), 422, "language")
    refused(await wrong(supplier_bill=bill), 422, "supplier_bill.amount")
    refused(await wrong(supplier_bill=bill | {"amount": 1}), 422, "supplier_bill")
    refused(await garage.api("POST", "/statements/drafts", {**JUNE, "subject_id": "x"}), 404)
    refused(await garage.api("POST", "/statements/drafts", {**JUNE, "site_id": "x"}), 404)
    without = {name: value for name, value in JUNE.items() if name != "subject_id"}
    refused(await garage.api("POST", "/statements", without), 422, "subject_id")


async def test_who_issues_is_set_and_shown_for_each_site(garage: Running) -> None:
    shown = await garage.get("/sites/garage/statement-issuer")
    assert {name: shown[name] for name in ISSUER} == ISSUER

    assert (await garage.api("DELETE", "/sites/garage/statement-issuer")).status == 204
    assert (await garage.api("GET", "/sites/garage/statement-issuer")).status == 404
    refused(await garage.api("POST", "/statements", JUNE), 409)
    refused(await garage.api("PUT", "/sites/nowhere/statement-issuer", ISSUER), 404)


async def test_issuing_is_in_the_audit_log(garage: Running) -> None:
    made = await garage.post("/statements", JUNE, status=201)

    lines = (await garage.get("/audit-log"))["items"]
    assert (lines[0]["action"], lines[0]["target"]) == ("issue", f"statements/{made['id']}")
    assert lines[0]["data"]["number"] == made["number"]


async def test_who_still_owes_is_not_deleted(garage: Running) -> None:
    for path in ("/users/flat-7", "/sites/garage"):
        said = refused(await garage.api("DELETE", path), 409)
        assert "has transactions that are on no statement yet" in said

    await garage.post("/statements", JUNE, status=201)

    assert (await garage.api("DELETE", "/users/flat-7")).status == 204


async def test_where_nobody_issues_statements_users_may_go(garage: Running) -> None:
    await garage.api("DELETE", "/sites/garage/statement-issuer")
    assert (await garage.api("DELETE", "/users/flat-7")).status == 204
