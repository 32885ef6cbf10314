"""Whole OCPP 1.6 charge points."""

from .station import ChargePoint16

__all__ = ["ChargePoint16"]
