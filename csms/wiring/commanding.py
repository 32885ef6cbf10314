"""The one way to charge points, and who learns from their answers."""

from __future__ import annotations

from csms.gateway.links import LiveLinks
from csms.services.certificates.installed import InstalledCertificates
from csms.services.commanding import CommandService
from csms.services.configuration_memory import ConfigurationMemory
from csms.services.local_list.memory import LocalListMemory
from csms.services.operations.display import DisplayMemory
from csms.services.password_changes import PasswordChanges
from csms.services.provisioning.availability import AvailabilityMemory
from csms.services.repeated_profiles import RepeatedProfiles
from csms.services.services import Services
from csms.services.stations.memory import StationMemory
from csms.services.transactions.remote_starts import RemoteStartWatch
from csms.store.certificates import Certificates
from csms.store.live import Passwords
from csms.store.local_lists import LocalLists
from csms.store.operations import Displays
from csms.store.stations import Stations
from csms.store.writer import BatchWriter
from csms.wiring.ground import Ground
from csms.wiring.versions import (
    AVAILABILITY_READERS,
    CONFIGURATION_READERS,
    DISPLAY_READERS,
    INSTALLED_READERS,
    LIST_READERS,
    PASSWORD_WORDS,
    PROFILE_READERS,
    REMOTE_START_READERS,
    TAKEN_READERS,
    TRANSLATORS,
)


def make_commands(
    ground: Ground,
    services: Services,
    writer: BatchWriter,
    passwords: Passwords,
    links: LiveLinks,
) -> CommandService:
    """Return what sends commands; services that send some themselves know it from here on."""
    clock, database = ground.clock, ground.database
    profiles = services.charging_reports.hand_set = RepeatedProfiles(PROFILE_READERS)
    commands = CommandService(
        links,
        TRANSLATORS,
        ConfigurationMemory(services.notifications, CONFIGURATION_READERS, clock),
        InstalledCertificates(Certificates(database), INSTALLED_READERS, clock),
        LocalListMemory(LocalLists(database), LIST_READERS, clock),
        services.certificates.signing,
        services.reports,
        services.monitors,
        DisplayMemory(Displays(database), DISPLAY_READERS, clock),
        AvailabilityMemory(writer, AVAILABILITY_READERS, clock),
        StationMemory(writer, Stations(database), TAKEN_READERS, clock),
        profiles,
        timeout_s=ground.settings.call_timeout,
        clock=clock,
        passwords=PasswordChanges(passwords, PASSWORD_WORDS),
        before=[RemoteStartWatch(services.transactions.remote_starts, REMOTE_START_READERS)],
    )
    services.certificates.signing.commands = commands
    profiles.commands = commands
    services.operations.commands = commands
    ground.stack.push_async_callback(services.certificates.signing.stop)
    ground.stack.push_async_callback(profiles.stop)
    return commands
