"""Whole OCPP 2.0.1 charging stations."""

from .station import ChargePoint201

__all__ = ["ChargePoint201"]
