"""What each version of OCPP speaks and reads, for services that know none."""

from __future__ import annotations

from typing import Final, TypeVar

from csms.handlers import v16, v21, v201
from csms.handlers.v16 import local_list as local_list_v16
from csms.handlers.v16.authorization_key import WORDS as AUTHORIZATION_KEY
from csms.handlers.v16.availability import read_order as read_availability_v16
from csms.handlers.v16.certificates import read_installed as read_installed_v16
from csms.handlers.v16.commands import translate as translate_v16
from csms.handlers.v16.raw_orders import read_order as read_raw_order_v16
from csms.handlers.v16.told_variables import read_values as read_configuration_values
from csms.handlers.v21.commands import translate as translate_v21
from csms.handlers.v21.taken import read_taken
from csms.handlers.v201 import local_list as local_list_v201
from csms.handlers.v201.availability import read_order as read_availability_v201
from csms.handlers.v201.basic_auth_password import WORDS as BASIC_AUTH_PASSWORD
from csms.handlers.v201.certificates import read_installed as read_installed_v201
from csms.handlers.v201.charging_profiles import read_transaction_profile
from csms.handlers.v201.commands import translate as translate_v201
from csms.handlers.v201.display_messages import read_display_change
from csms.handlers.v201.monitors import read_changes as read_monitor_changes
from csms.handlers.v201.raw_orders import read_order as read_raw_order_v201
from csms.handlers.v201.remote_starts import read_remote_start
from csms.handlers.v201.told_variables import read_values as read_variable_values
from csms.model import OcppVersion

T = TypeVar("T")


def _by_version(v16: T, v201: T, v21: T | None = None) -> dict[OcppVersion, T]:
    """What does not change from 2.0.1 to 2.1 is given once."""
    return {
        OcppVersion.V16: v16,
        OcppVersion.V201: v201,
        OcppVersion.V21: v201 if v21 is None else v21,
    }


ROUTES: Final = _by_version(v16.ROUTES, v201.ROUTES, v21.ROUTES)
TRANSLATORS: Final = _by_version(translate_v16, translate_v201, translate_v21)
PASSWORD_WORDS: Final = _by_version(AUTHORIZATION_KEY, BASIC_AUTH_PASSWORD)
CONFIGURATION_READERS: Final = _by_version(read_configuration_values, read_variable_values)
INSTALLED_READERS: Final = _by_version(read_installed_v16, read_installed_v201)
AVAILABILITY_READERS: Final = _by_version(read_availability_v16, read_availability_v201)
RAW_ORDER_READERS: Final = _by_version(read_raw_order_v16, read_raw_order_v201)
PROFILE_READERS: Final = {
    OcppVersion.V201: read_transaction_profile,
    OcppVersion.V21: read_transaction_profile,
}
REMOTE_START_READERS: Final = {
    OcppVersion.V201: read_remote_start,
    OcppVersion.V21: read_remote_start,
}
MONITOR_READERS: Final = {
    OcppVersion.V201: read_monitor_changes,
    OcppVersion.V21: read_monitor_changes,
}
LIST_READERS: Final = _by_version(local_list_v16.read_list_news, local_list_v201.read_list_news)
LIST_DIALECTS: Final = _by_version(
    local_list_v16.DIALECT, local_list_v201.DIALECT, local_list_v201.DIALECT_21
)
DISPLAY_READERS: Final = {
    OcppVersion.V201: read_display_change,
    OcppVersion.V21: read_display_change,
}
TAKEN_READERS: Final = {OcppVersion.V21: read_taken}
