"""Whole OCPP 2.1 charging stations: 2.0.1's, and what is new."""

from .station import ChargePoint21

__all__ = ["ChargePoint21"]
