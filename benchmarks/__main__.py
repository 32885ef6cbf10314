"""What the server costs per message and per connection, beside a bare websockets loop.

    python -m benchmarks                  throughput, latency at half load, memory
    python -m benchmarks --only closed    one part: closed, half, idle, energy, allocation,
                                          reaction, pricing, statements

Everything runs on this machine: the load generator takes its share of it too, so the figures to
look at are those per CPU second and the ratios within one run.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.allocation import show_allocation
from benchmarks.energy_delivered import compare
from benchmarks.load import Tally, connect_all
from benchmarks.pricing import show_pricing
from benchmarks.processes import Cpu, Server, bare_server, csms_server
from benchmarks.reaction import show_reaction
from benchmarks.statements import show_statements

CONSOLE = Console(width=130)
TURNS = 3
"""Of each server in a closed loop."""
PARTS = ("closed", "half", "idle", "energy", "allocation", "reaction", "pricing", "statements")


@dataclass
class Run:
    name: str
    subprotocol: str
    chargers: int
    messages_per_s: float
    cpu: Cpu
    answered: int
    tally: Tally
    rows_per_commit: float

    @property
    def per_server_cpu_s(self) -> float:
        return self.answered / self.cpu.server_s

    @property
    def per_all_cpu_s(self) -> float:
        return self.answered / (self.cpu.server_s + self.cpu.database_s)


async def run_load(
    server: Server,
    name: str,
    subprotocol: str,
    chargers: int,
    seconds: float,
    *,
    rate_per_s: float = 0.0,
) -> Run:
    """Warm up for a fifth of the time, then measure; a rate of 0 means closed loop."""
    tally = Tally()
    prefix = f"{'V' if subprotocol == 'ocpp1.6' else 'W'}{chargers}R{int(rate_per_s)}-"
    connected = await connect_all(server.port, chargers, subprotocol, tally, prefix=prefix)
    interval_s = chargers / rate_per_s if rate_per_s else 0.0
    for index, (_, load) in enumerate(connected):
        load.start(interval_s, interval_s * index / chargers)
    await asyncio.sleep(seconds / 5)
    rows_before = server.rows_per_commit() if server.api_port else (0.0, 0.0)
    tally.latencies_s.clear()
    answered, cpu, begun = tally.answered, server.cpu(), time.perf_counter()
    await asyncio.sleep(seconds)
    answered, cpu = tally.answered - answered, server.cpu() - cpu
    elapsed = time.perf_counter() - begun
    rows_after = server.rows_per_commit() if server.api_port else (0.0, 1.0)
    for socket, load in connected:
        load.stop()
        socket.close()
    await asyncio.gather(*(socket.lost for socket, _ in connected))
    if tally.errors:
        raise RuntimeError(f"{len(tally.errors)} wrong answers, the first: {tally.errors[0]}")
    commits = max(rows_after[1] - rows_before[1], 1.0)
    rows_per_commit = (rows_after[0] - rows_before[0]) / commits
    rate = answered / elapsed
    return Run(name, subprotocol, chargers, rate, cpu, answered, tally, rows_per_commit)


def print_runs(title: str, runs: list[Run]) -> None:
    table = Table(title=title)
    for heading in (
        "server", "protocol", "chargers", "messages/s", "per server CPU s", "per all CPU s",
        "p50 / p99 ms", "rows/commit",
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    for run in runs:
        table.add_row(
            run.name,
            run.subprotocol,
            str(run.chargers),
            f"{run.messages_per_s:,.0f}",
            f"{run.per_server_cpu_s:,.0f}",
            f"{run.per_all_cpu_s:,.0f}" if run.cpu.database_s else "-",
            f"{run.tally.quantile_ms(0.5):.1f} / {run.tally.quantile_ms(0.99):.1f}",
            f"{run.rows_per_commit:.0f}" if run.rows_per_commit else "-",
        )
    CONSOLE.print(table)


async def side_by_side(subprotocol: str, chargers: int, seconds: float) -> tuple[Run, Run]:
    """Both servers in turns, so that what else the machine does meets both alike."""
    bare_runs, csms_runs = [], []
    with bare_server() as bare, csms_server() as csms:
        for _ in range(TURNS):
            turn_s = seconds / TURNS
            bare_runs.append(await run_load(bare, "bare", subprotocol, chargers, turn_s))
            csms_runs.append(await run_load(csms, "csms", subprotocol, chargers, turn_s))
    return together(bare_runs), together(csms_runs)


def together(runs: Sequence[Run]) -> Run:
    """Several turns of one server as one run."""
    first = runs[0]
    tally = Tally()
    for run in runs:
        tally.latencies_s += run.tally.latencies_s
    return Run(
        first.name,
        first.subprotocol,
        first.chargers,
        sum(run.messages_per_s for run in runs) / len(runs),
        sum((run.cpu for run in runs), Cpu(0.0, 0.0)),
        sum(run.answered for run in runs),
        tally,
        sum(run.rows_per_commit for run in runs) / len(runs),
    )


async def closed_loop(seconds: float) -> list[Run]:
    runs: list[Run] = []
    for subprotocol in ("ocpp1.6", "ocpp2.0.1"):
        for chargers in (50, 200):
            runs += await side_by_side(subprotocol, chargers, seconds)
    print_runs("Closed loop: each charger sends as soon as it is answered", runs)
    for bare_run, csms_run in zip(runs[::2], runs[1::2], strict=True):
        ratio = csms_run.per_server_cpu_s / bare_run.per_server_cpu_s
        CONSOLE.print(
            f"{csms_run.subprotocol}, {csms_run.chargers} chargers: {ratio:.0%} of the bare loop's "
            "messages per server CPU second"
        )
    return runs


async def half_load(seconds: float) -> None:
    runs: list[Run] = []
    for chargers in (50, 200):
        with csms_server() as csms:
            full = await run_load(csms, "csms, full", "ocpp1.6", chargers, seconds / 2)
            rate = full.messages_per_s / 2
            half = await run_load(csms, "csms, half", "ocpp1.6", chargers, seconds, rate_per_s=rate)
            runs += [full, half]
    print_runs("Latency at half the load that the closed loop reached", runs)


async def idle_memory(chargers: int) -> None:
    tally = Tally()
    with csms_server(CSMS_MAX_CONNECTIONS=str(chargers + 100)) as csms:
        first = await connect_all(csms.port, 50, "ocpp1.6", tally, prefix="WARM")
        await asyncio.sleep(2)
        base_kib = csms.rss_kib()
        connected = await connect_all(csms.port, chargers, "ocpp1.6", tally, prefix="IDLE")
        await asyncio.sleep(15)
        per_charger_kib = (csms.rss_kib() - base_kib) / chargers
        for socket, _ in [*first, *connected]:
            socket.close()
    CONSOLE.print(
        f"Idle: {chargers:,} connected and booted chargers, {per_charger_kib:.1f} KiB each on top "
        f"of {base_kib / 1024:.0f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--seconds", type=float, default=15.0, help="per measurement")
    parser.add_argument("--idle-chargers", type=int, default=5000)
    options = parser.parse_args()
    if options.only in (None, "closed"):
        uvloop.run(closed_loop(options.seconds))
    if options.only in (None, "half"):
        uvloop.run(half_load(options.seconds))
    if options.only in (None, "idle"):
        uvloop.run(idle_memory(options.idle_chargers))
    if options.only in (None, "allocation"):
        show_allocation(CONSOLE)
    if options.only in (None, "energy"):
        compare(CONSOLE)
    if options.only in (None, "reaction"):
        show_reaction(CONSOLE)
    if options.only in (None, "pricing"):
        show_pricing(CONSOLE)
    if options.only in (None, "statements"):
        show_statements(CONSOLE)


if __name__ == "__main__":
    main()
