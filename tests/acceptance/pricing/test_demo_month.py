"""A month of simulated chargers under four periods: what the PDFs say is what the meters counted.

`meters.csv` is what the chargers' displays showed every quarter of an hour. It is priced here by
a table of our own, apart from anything that the server knows of tariffs.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import fake_chargepoints
import pytest
from fake_chargepoints.demo_cast import DEMO_ID_TOKENS
from pypdf import PdfReader

ROOT = Path(__file__).resolve().parents[3]
LISBON = ZoneInfo("Europe/Lisbon")
HOLIDAYS = {date(2026, 5, 1), date(2026, 6, 4), date(2026, 6, 10)}
"""Labour Day, Corpus Christi and the day of Portugal."""
SUPER_VAZIO, VAZIO, CHEIA, PONTA = "0.19778", "0.198418", "0.227756", "0.245102"
SUMMER = {
    "weekday": (
        ("00:00", "Vazio 1", VAZIO),
        ("02:00", "Super vazio", SUPER_VAZIO),
        ("06:00", "Vazio 2", VAZIO),
        ("07:00", "Cheia 1", CHEIA),
        ("09:15", "Ponta", PONTA),
        ("12:15", "Cheia 2", CHEIA),
    ),
    "Saturday": (
        ("00:00", "Vazio 1", VAZIO),
        ("02:00", "Super vazio", SUPER_VAZIO),
        ("06:00", "Vazio 2", VAZIO),
        ("09:00", "Cheia 1", CHEIA),
        ("14:00", "Vazio 3", VAZIO),
        ("20:00", "Cheia 2", CHEIA),
        ("22:00", "Vazio 4", VAZIO),
    ),
    "Sunday": (
        ("00:00", "Vazio 1", VAZIO),
        ("02:00", "Super vazio", SUPER_VAZIO),
        ("06:00", "Vazio 2", VAZIO),
    ),
}
"""From when on, what it is called, what a kWh costs."""

Period = tuple[str, str]
Amounts = dict[Period, tuple[Decimal, Decimal, Decimal]]
"""kWh, price and amount of each period."""


@dataclass(frozen=True)
class Month:
    """What the command left behind."""

    said: subprocess.CompletedProcess[str]
    directory: Path

    def rows(self, name: str) -> Iterator[dict[str, str]]:
        with (self.directory / f"{name}.csv").open(newline="") as file:
            yield from csv.DictReader(file)

    @property
    def users(self) -> set[str]:
        stated = {file.stem for file in self.directory.glob("*.pdf")}
        return stated - {"garage"}

    def first_page(self, user: str) -> str:
        text = PdfReader(self.directory / f"{user}.pdf").pages[0].extract_text()
        return " ".join(text.split())


def live(environment: dict[str, str], data_dir: Path, month: str, *arguments: str) -> Month:
    said = subprocess.run(
        [sys.executable, "-m", "csms", "demo", "--month", month, *arguments],
        check=False,
        env=environment,
        cwd=data_dir,
        capture_output=True,
        text=True,
    )
    return Month(said, data_dir / "demo" / "statements" / month)


def period_of(at: datetime) -> tuple[Period, Decimal]:
    """The period of the table that a moment is in, and its price."""
    local = at.astimezone(LISBON)
    day = "weekday" if local.weekday() < 5 else "Saturday"
    if local.weekday() == 6 or local.date() in HOLIDAYS:
        day = "Sunday"
    _, name, price = [row for row in SUMMER[day] if time.fromisoformat(row[0]) <= local.time()][-1]
    return (f"Summer/{day}", name), Decimal(price)


def by_the_meters(month: Month) -> dict[str, Amounts]:
    """What everybody owes, worked out from the displays of the meters alone."""
    holders = {token.value: token.holder.lower().replace(" ", "-") for token in DEMO_ID_TOKENS}
    displays = defaultdict(list)
    for row in month.rows("meters"):
        displays[row["charge_point_id"], row["evse_id"]].append(row)
    counted: dict[str, dict[tuple[Period, Decimal], int]] = defaultdict(lambda: defaultdict(int))
    for rows in displays.values():
        for before, after in pairwise(rows):
            wh = int(after["register_wh"]) - int(before["register_wh"])
            if wh:
                at = datetime.fromisoformat(before["at"]).astimezone(UTC)
                counted[holders[before["id_token"]]][period_of(at)] += wh
    return {
        user: {
            period: (Decimal(wh) / 1000, price, cents(Decimal(wh) / 1000 * price))
            for (period, price), wh in periods.items()
        }
        for user, periods in counted.items()
    }


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def stated(month: Month, user: str) -> Amounts:
    """The lines of a user's statement."""
    return {
        (row["section"], row["period"]): (
            Decimal(row["quantity"]),
            Decimal(row["unit_price"]),
            Decimal(row["amount"]),
        )
        for row in month.rows(user)
        if row["row"] == "total"
    }


def transactions(month: Month, user: str) -> dict[Period, Decimal]:
    """The kWh of each period, added up from the statement's transactions."""
    kwh: dict[Period, Decimal] = defaultdict(Decimal)
    for row in month.rows(user):
        if row["row"] == "transaction":
            kwh[row["section"], row["period"]] += Decimal(row["quantity"])
    return kwh


def check(month: Month) -> None:
    """Every statement says what the meters counted, to the cent and on paper."""
    assert month.said.returncode == 0, month.said.stderr
    assert not re.search(r" (WARNING|ERROR) ", month.said.stderr)
    owed = by_the_meters(month)
    assert set(owed) == month.users
    for user, lines in owed.items():
        assert stated(month, user) == lines
        assert transactions(month, user) == {period: kwh for period, (kwh, *_) in lines.items()}
        page = month.first_page(user)
        for (section, name), (kwh, price, amount) in lines.items():
            assert f"{section} {name} {kwh:,.3f} kWh {price:.6f} {amount:,}" in page
        total_kwh = sum(kwh for kwh, _, _ in lines.values())
        assert f"Total {total_kwh:,.3f} kWh {sum(a for _, _, a in lines.values()):,}" in page
    all_kwh = sum(kwh for lines in owed.values() for kwh, _, _ in lines.values())
    assert f"counted {all_kwh} kWh, the statements say {all_kwh} kWh" in month.said.stdout


@pytest.mark.timeout(300)
def test_four_days_of_two_chargers_are_stated_as_their_meters_counted(
    environment: dict[str, str], data_dir: Path
) -> None:
    """A holiday, a Saturday, a Sunday and a working day."""
    month = live(environment, data_dir, "2026-05", "--days", "4", "--chargers", "2")
    check(month)
    sections = {section for user in month.users for section, _ in stated(month, user)}
    assert sections == {"Summer/weekday", "Summer/Saturday", "Summer/Sunday"}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_whole_june_of_the_garage_is_stated_as_its_meters_counted(
    environment: dict[str, str], data_dir: Path
) -> None:
    month = live(environment, data_dir, "2026-06")
    check(month)
    assert len(month.users) == 22


def test_a_tariff_that_cannot_be_read_is_named_before_anything_is_set_up(
    environment: dict[str, str], data_dir: Path
) -> None:
    month = live(environment, data_dir, "2026-05", "--tariff", "nowhere.json")
    assert month.said.returncode == 1
    assert "--tariff: nowhere.json can't be read" in month.said.stderr
    assert list(data_dir.iterdir()) == []


def test_a_month_has_no_speed_and_no_duration(environment: dict[str, str], data_dir: Path) -> None:
    month = live(environment, data_dir, "2026-05", "--duration", "60")
    assert (month.said.returncode, "no --speed or --duration" in month.said.stderr) == (1, True)


def test_the_months_tariff_is_the_one_of_the_page_about_tariffs() -> None:
    page = (ROOT / "docs" / "tariffs.md").read_text()
    found = re.search(r"-X PUT \$API/tariffs/tetra .*?-d '(.*?)'\n\n", page, re.DOTALL)
    assert found is not None
    file = Path(fake_chargepoints.__file__).parent / "four_periods.json"
    assert json.loads(found[1]) == json.loads(file.read_text())
