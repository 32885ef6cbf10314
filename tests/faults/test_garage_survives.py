"""The operator sets up "Piso -3", pulls the meter's plug and kills the server: no breaker trips."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from database import cloned
from fake_chargepoints.breakers import CircuitPlan
from fake_chargepoints.garage import Garage
from fake_chargepoints.garage_api import GarageApi
from fake_chargepoints.garage_plan import full_house
from fake_chargepoints.garage_site import GarageCircuit, GarageEvse, GarageSite, Version
from fake_chargepoints.garage_stations import GarageOptions
from fake_chargepoints.other_loads import House
from fake_chargepoints.uplink import Backoff
from swift_time import SharedSwiftLoop, SwiftClock

from csms.store import api_keys
from csms.store.database import Database

ROOT = Path(__file__).resolve().parents[2]
FACTOR = 15.0
"""What takes the machine 67 ms takes a second here."""
START_S = 60.0
VERSIONS: tuple[Version, ...] = ("1.6", "2.0.1")
HOUSE_A = (10.0, 10.0, 10.0)


def piso_3() -> GarageSite:
    """Three levels and mixed rotations: twelve chargers that together want 192 A per phase."""
    strings = [
        GarageCircuit(
            CircuitPlan(f"string-{n}", (32.0, 32.0, 32.0), "piso-3", name=f"Circuito {n}")
        )
        for n in (1, 2, 3)
    ]
    evses = [
        GarageEvse(
            f"PISO-{number}",
            1,
            f"string-{number % 3 + 1}",
            ("RST", "STR", "TRS", "L2")[number % 4],
            16.0 if number % 4 < 3 else 32.0,
            VERSIONS[number % 2],
        )
        for number in range(12)
    ]
    main = GarageCircuit(
        CircuitPlan("main", (100.0, 100.0, 100.0), name="Main"),
        has_meter=True,
        assumed_load_a=(30.0, 30.0, 30.0),
        others=(House((20.0, 20.0, 20.0), 1),),
    )
    floor = GarageCircuit(
        CircuitPlan("piso-3", (63.0, 63.0, 63.0), "main", "B", "Piso -3"),
        has_meter=True,
        assumed_load_a=HOUSE_A,
        others=(House(HOUSE_A, 2),),
    )
    return GarageSite("piso-3", "Piso -3", [main, floor, *strings], evses)


class ServerProcess:
    """A server in a process of its own that shares our swift time and can be killed."""

    def __init__(self, database_url: str, data_dir: Path, origin_s: float, start: datetime) -> None:
        self._arguments = (str(FACTOR), str(origin_s), start.isoformat())
        self.ocpp_port, self.api_port = free_port(), free_port()
        self._environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(("tests", ".")),
            "CSMS_DATABASE_URL": database_url,
            "CSMS_DATA_DIR": str(data_dir),
            "CSMS_OCPP_HOST": "127.0.0.1",
            "CSMS_OCPP_PORT": str(self.ocpp_port),
            "CSMS_API_HOST": "127.0.0.1",
            "CSMS_API_PORT": str(self.api_port),
            "CSMS_UNKNOWN_ID_TOKENS": "accept",
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "swift_server", *self._arguments),
            env=self._environment,
            cwd=ROOT,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        for port in (self.ocpp_port, self.api_port):
            async with asyncio.timeout(START_S * FACTOR):
                while not await is_listening(port):
                    await asyncio.sleep(0.1 * FACTOR)

    async def kill(self) -> None:
        """kill -9"""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def is_listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def an_operators_key(database_url: str) -> str:
    database = Database(database_url, connect_timeout_s=START_S * FACTOR)
    try:
        async with database.begin() as connection:
            _, key = await api_keys.create(connection, "operator", "admin")
            return key
    finally:
        await database.close()


async def live(database_server: str, data_dir: Path, origin_s: float) -> Garage:
    site, start = piso_3(), datetime.now(UTC).replace(hour=17, minute=0, second=0, microsecond=0)
    clock = SwiftClock(asyncio.get_running_loop(), start)
    async with cloned(database_server) as url:
        server = ServerProcess(url, data_dir, origin_s, start)
        await server.start()
        try:
            async with GarageApi(
                f"http://127.0.0.1:{server.api_port}",
                await an_operators_key(url),
                timeout_s=10.0 * FACTOR,
            ) as api:
                await api.set_up(site)
                options = GarageOptions(
                    f"ws://127.0.0.1:{server.ocpp_port}", backoff=Backoff(5.0, 30.0)
                )
                async with Garage(site, options, clock, api.send_reading) as garage:
                    await garage.until_ready(START_S * FACTOR)
                    garage.welcome(full_house(site, clock.now()))
                    await garage.live(clock.now() + timedelta(minutes=4))
                    garage.unplugged_meters |= {"main", "piso-3"}
                    await garage.live(clock.now() + timedelta(minutes=2))
                    await server.kill()
                    await garage.live(clock.now() + timedelta(minutes=11))
                    await server.start()
                    await garage.live(clock.now() + timedelta(minutes=4))
                return garage
        finally:
            await server.kill()


@pytest.mark.long(90)
@pytest.mark.timeout(400)
def test_piso_3_survives_a_pulled_plug_and_a_killed_server(
    database_server: str, tmp_path: Path
) -> None:
    origin_s = time.monotonic()
    with asyncio.Runner(loop_factory=lambda: SharedSwiftLoop(FACTOR, origin_s)) as runner:
        garage = runner.run(live(database_server, tmp_path, origin_s))
    assert garage.failures == []
    assert garage.board.trips == []
    assert garage.energy_wh > 3_000
