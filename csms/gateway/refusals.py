"""How each OCPP version spells why a CALL is refused."""

from __future__ import annotations

from typing import Final

from csms.handlers.contract import Refusal
from csms.model import OcppVersion

_V16: Final = {refusal: refusal.value for refusal in Refusal} | {
    # The two misspellings are part of OCPP-J 1.6 (4.2.3, errata 5.1 and 5.2).
    Refusal.FORMAT_VIOLATION: "FormationViolation",
    Refusal.OCCURRENCE_CONSTRAINT_VIOLATION: "OccurenceConstraintViolation",
    # 1.6 has no word of its own for these.
    Refusal.RPC_FRAMEWORK_ERROR: "ProtocolError",
    Refusal.MESSAGE_TYPE_NOT_SUPPORTED: "ProtocolError",
}
_V201: Final = {refusal: refusal.value for refusal in Refusal}

SPELLING: Final = {
    OcppVersion.V16: _V16,
    OcppVersion.V201: _V201,
    OcppVersion.V21: _V201,
}
"""The CALLERROR code of a refusal, by version."""
