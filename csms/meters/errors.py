"""What can go wrong with a meter, in words for the installer.

MeterError
├── IncompleteError     a measurement lacks what is needed, or holds what can't be
└── SecretError         a password, key or certificate that isn't there
"""

from __future__ import annotations

from csms.errors import CsmsError


class MeterError(CsmsError):
    """A meter can't be read just now; trying again later may help."""


class IncompleteError(MeterError):
    """What was measured is no reading: it is dropped, the connection lives on."""


class SecretError(MeterError):
    """A secret that the settings name is missing; its content is never repeated."""
