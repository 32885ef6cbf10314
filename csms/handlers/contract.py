"""What a handler is: one message in, one service call, one message out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from csms.services.charge_point import ChargePoint
from csms.services.services import Services

Payload: TypeAlias = dict[str, Any]


class Handler(Protocol):
    """Translate a charger's request, ask one service, translate its answer.

    `payload` is repaired but may still break the schema in optional parts (the gateway refuses
    only what cannot be used): read optional fields leniently. The returned payload lists its keys
    in the schema's order. Raises CallRefusedError for a CALLERROR.
    """

    async def __call__(
        self,
        services: Services,
        charge_point: ChargePoint,
        payload: Payload,
        received_at: datetime,
        /,
    ) -> Payload: ...


Routes: TypeAlias = Mapping[str, Handler]


class Refusal(StrEnum):
    """Why a CALL gets a CALLERROR; the gateway spells it for each OCPP version."""

    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    INTERNAL_ERROR = "InternalError"
    PROTOCOL_ERROR = "ProtocolError"
    SECURITY_ERROR = "SecurityError"
    FORMAT_VIOLATION = "FormatViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    GENERIC_ERROR = "GenericError"


class CallRefusedError(Exception):
    """A CALL that cannot be served; becomes a CALLERROR."""

    def __init__(self, refusal: Refusal, description: str) -> None:
        super().__init__(f"{refusal}: {description}")
        self.refusal = refusal
        self.description = description
