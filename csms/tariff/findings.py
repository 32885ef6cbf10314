"""What is wrong with a tariff, in words that name the place."""

from __future__ import annotations

from dataclasses import dataclass

from csms.errors import InvalidValueError


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to refuse a tariff: the field, what it holds and what would be allowed.

    A field is a path such as `versions/0/elements/3/restrictions/start_time`, counted from 0.
    """

    field: str
    value: object
    allowed: str
    told: bool = False
    """Whether `value` is a sentence that says what is wrong, such as a gap."""

    @property
    def error(self) -> InvalidValueError:
        """Return it as the error that a caller is shown."""
        return InvalidValueError(self.field, self.value, self.allowed)
