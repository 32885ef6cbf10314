"""OCPP 2.1: 2.0.1's handlers, and its own where something is new or changed its meaning."""

from __future__ import annotations

from typing import Final

from csms.handlers.contract import Routes
from csms.handlers.v201 import ROUTES as V201_ROUTES

ROUTES: Final[Routes] = {**V201_ROUTES}
