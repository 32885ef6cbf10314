"""What a simulated garage has to do with the admin API: its site, its cards, its meters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

import aiohttp

from .breakers import CircuitPlan
from .garage import MeterLinkError, MeterReading
from .garage_site import GarageCircuit, GarageEvse, GarageSite, Network, Version
from .other_loads import House
from .readings import timestamp
from .vehicle import Amps3

networks: Mapping[str, Network] = {
    "three_phase": "three_phase",
    "single_phase": "single_phase",
    "it": "it",
}


class GarageApiError(Exception):
    """The admin API said no, or something that can't be understood; the message tells."""


@dataclass(frozen=True, slots=True)
class Imagination:
    """What the API doesn't say of a garage.

    Other load goes up to `house_load` times what each circuit assumes; `versions` of OCPP are dealt
    out to the chargers in turn.
    """

    house_load: float = 1.0
    versions: tuple[Version, ...] = ("1.6", "2.0.1")
    seed: int = 1


class GarageApi:
    """An operator's connection to the admin API. Use it as an async context manager."""

    def __init__(self, url: str, key: str, timeout_s: float = 10.0) -> None:
        self._timeout_s = timeout_s
        self._base = f"{url.rstrip('/')}/api/v1"
        self._http = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {key}"},
            timeout=aiohttp.ClientTimeout(total=timeout_s),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.close()

    async def send_reading(self, reading: MeterReading) -> None:
        """Tell what a circuit's meter shows. Raises MeterLinkError."""
        l1, l2, l3 = reading.current_a
        body = {
            "measured_at": timestamp(reading.measured_at),
            "current_a": {"l1": l1, "l2": l2, "l3": l3},
            "power_w": round(reading.power_w),
        }
        try:
            await self._ask(
                "POST", f"/circuits/{quote(reading.circuit_id, safe='')}/readings", body
            )
        except GarageApiError as error:
            raise MeterLinkError(str(error)) from error

    async def site(self, site_id: str, imagination: Imagination | None = None) -> GarageSite:
        """Read how a site is built. Raises GarageApiError."""
        imagined = imagination or Imagination()
        site = await self._ask("GET", f"/sites/{quote(site_id, safe='')}")
        circuits = await self._all(f"/circuits?site_id={quote(site_id, safe='')}")
        evses = await self._all(f"/evses?site_id={quote(site_id, safe='')}")
        if not circuits or not evses:
            raise GarageApiError(f"site {site_id!r} has no circuits or no EVSEs yet")
        return GarageSite(
            site["id"],
            site["name"],
            [_circuit(one, circuits, imagined, n) for n, one in enumerate(circuits)],
            list(_evses(evses, imagined)),
            networks[site["network"]],
        )

    async def welcome(self, site: GarageSite, cards: Iterable[str]) -> None:
        """Let the chargers in and make the cards good. Raises GarageApiError."""
        for identity in site.charge_point_ids:
            body = {"registration_status": "accepted"}
            await self._ask("PUT", f"/charge-points/{quote(identity, safe='')}", body)
        for card in sorted(set(cards)):
            await self._ask("PUT", f"/id-tokens/{quote(card, safe='')}", {"id_token": card})

    async def set_up(self, site: GarageSite) -> None:
        """Enter a whole garage, as an installer would. Raises GarageApiError."""
        await self._ask(
            "POST", "/sites", {"id": site.id, "name": site.name, "network": site.network}
        )
        for circuit in site.circuits:
            await self._ask("POST", "/circuits", circuit_body(circuit, site))
            if circuit.has_meter:
                meter = {"id": f"meter-{circuit.id}", "circuit_id": circuit.id, "kind": "api"}
                await self._ask("POST", "/meters", meter)
        await self.welcome(site, ())
        for evse in site.evses:
            path = f"/evses/{quote(evse.charge_point_id, safe='')}/{evse.evse_id}"
            await self._ask("PUT", path, evse_body(evse))

    async def _all(self, path: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            more = f"&cursor={quote(cursor, safe='')}" if cursor else ""
            page = await self._ask("GET", f"{path}&limit=100{more}")
            items += page["items"]
            cursor = page.get("next_cursor")
        return items

    async def _ask(self, method: Literal["GET", "POST", "PUT"], path: str, body: Any = None) -> Any:
        try:
            async with self._http.request(method, self._base + path, json=body) as response:
                if not response.ok:
                    raise GarageApiError(f"{method} {path}: {await response.text()}")
                return await response.json()
        except TimeoutError as error:
            raise GarageApiError(
                f"{method} {path}: no answer within {self._timeout_s:g} s"
            ) from error
        except (aiohttp.ClientError, ValueError) as error:
            raise GarageApiError(f"{method} {path}: {error}") from error


def circuit_body(circuit: GarageCircuit, site: GarageSite) -> dict[str, Any]:
    """What to POST for a circuit."""
    plan = circuit.plan
    return {
        "id": plan.id,
        "site_id": site.id,
        "name": plan.name or plan.id,
        "parent_id": plan.parent_id,
        "breaker_a": _per_phase(plan.breaker_a),
        "assumed_load_a": _per_phase(circuit.assumed_load_a),
    }


def evse_body(evse: GarageEvse) -> dict[str, Any]:
    """What to PUT for an EVSE."""
    return {
        "circuit_id": evse.circuit_id,
        "phases": evse.phases,
        "rated_a": evse.rated_a,
        "controllable": evse.controllable,
        "can_switch_phases": evse.can_switch_phases,
        "unit": evse.unit,
        "weight": evse.weight,
    }


def _per_phase(amps: Amps3) -> dict[str, float]:
    return dict(zip(("l1", "l2", "l3"), amps, strict=True))


def _amps3(amps: Mapping[str, float]) -> Amps3:
    return (amps["l1"], amps["l2"], amps["l3"])


def _circuit(
    body: Mapping[str, Any], others: Sequence[Mapping[str, Any]], imagined: Imagination, number: int
) -> GarageCircuit:
    assumed_a = _amps3(body["assumed_load_a"])
    plan = CircuitPlan(body["id"], _amps3(body["breaker_a"]), body["parent_id"], name=body["name"])
    one, two, three = (amps * imagined.house_load for amps in _own_a(body, others))
    house = House((one, two, three), imagined.seed + number)
    return GarageCircuit(plan, body["has_meter"], assumed_a, (house,) if any(house.most_a) else ())


def _own_a(body: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> Amps3:
    """What may hang on this very circuit: a meter's assumed load includes what is further down."""
    own_a = _amps3(body["assumed_load_a"])
    if body["has_meter"]:
        for child in others:
            if child["parent_id"] == body["id"]:
                below_a = _total_a(child, others)
                own_a = (own_a[0] - below_a[0], own_a[1] - below_a[1], own_a[2] - below_a[2])
    return (max(0.0, own_a[0]), max(0.0, own_a[1]), max(0.0, own_a[2]))


def _total_a(body: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> Amps3:
    total_a = _own_a(body, others)
    for child in others:
        if child["parent_id"] == body["id"]:
            below_a = _total_a(child, others)
            total_a = (total_a[0] + below_a[0], total_a[1] + below_a[1], total_a[2] + below_a[2])
    return total_a


def _evses(bodies: list[dict[str, Any]], imagined: Imagination) -> Iterable[GarageEvse]:
    order = sorted({body["charge_point_id"] for body in bodies})
    for body in bodies:
        place = order.index(body["charge_point_id"])
        yield GarageEvse(
            body["charge_point_id"],
            body["evse_id"],
            body["circuit_id"],
            body["phases"],
            body["rated_a"],
            imagined.versions[place % len(imagined.versions)],
            controllable=body["controllable"],
            can_switch_phases=body["can_switch_phases"],
        )
