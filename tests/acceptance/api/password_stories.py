"""What stories of chargers' passwords share."""

from __future__ import annotations

from typing import Any

from fake_chargepoints.errors import ConnectRefusedError
from running import Running

OLD = "the-old-password"
NEW = "the-new-password"
VARIABLE: dict[str, Any] = {
    "component": {"name": "SecurityCtrlr"},
    "variable": {"name": "BasicAuthPassword"},
}
ACTIONS = {"ocpp1.6": "ChangeConfiguration", "ocpp2.0.1": "SetVariables"}


async def logs_in(server: Running, password: str, version: str = "ocpp1.6") -> bool:
    charger = server.charge_point("CP-1", version, password=password)
    try:
        await charger.link.open()
    except ConnectRefusedError:
        return False
    await charger.link.close()
    return True


async def notice(server: Running) -> str | None:
    told: str | None = (await server.get("/charge-points/CP-1"))["password_notice"]
    return told
