"""The lists of tokens in charge points, and the tokens that nobody entered."""

from __future__ import annotations

from csms.services.commanding import CommandService
from csms.services.local_list.forgetting import ListForgetting
from csms.services.local_list.service import LocalListServices, local_list_services
from csms.services.services import Services
from csms.services.unknown_tokens import WRITE_S
from csms.store.local_lists import LocalLists
from csms.store.unknown_tokens import UnknownTokenTable
from csms.wiring.ground import Ground
from csms.wiring.versions import LIST_DIALECTS


def keep_lists(ground: Ground, services: Services, commands: CommandService) -> LocalListServices:
    """Begin to keep the lists of charge points, and to note unknown tokens."""
    store = LocalLists(ground.database)
    lists = local_list_services(
        store,
        store,
        commands,
        LIST_DIALECTS,
        services,
        ground.metrics,
        delay_s=ground.settings.local_list_delay,
    )
    unknown = services.authorization.unknown
    unknown.store = UnknownTokenTable(ground.database)
    forgetting = ListForgetting(
        services.events,
        services.charge_points,
        services.operations,
        lists.chooser,
        commands,
        ground.metrics,
    )
    ground.begin("local lists", lists.keeper.run())
    ground.repeat("unknown tokens", unknown.write, every_s=WRITE_S)
    ground.begin("customers to forget", forgetting.run())
    return lists
