"""OCPP 2.1: 2.0.1's handlers, and its own where something is new or changed its meaning."""

from __future__ import annotations

from typing import Final

from csms.handlers.contract import Routes
from csms.handlers.v21 import (
    authorize,
    battery_swap,
    close_periodic_event_stream,
    get_certificate_chain_status,
    notify_charging_limit,
    notify_der_alarm,
    notify_der_start_stop,
    notify_ev_charging_needs,
    notify_periodic_event_stream,
    notify_priority_charging,
    notify_settlement,
    open_periodic_event_stream,
    pull_dynamic_schedule_update,
    report_der_control,
    transaction_event,
    vat_number_validation,
)
from csms.handlers.v201 import ROUTES as V201_ROUTES

ROUTES: Final[Routes] = {
    **V201_ROUTES,
    "Authorize": authorize.handle,
    "BatterySwap": battery_swap.handle,
    "ClosePeriodicEventStream": close_periodic_event_stream.handle,
    "GetCertificateChainStatus": get_certificate_chain_status.handle,
    "NotifyChargingLimit": notify_charging_limit.handle,
    "NotifyDERAlarm": notify_der_alarm.handle,
    "NotifyDERStartStop": notify_der_start_stop.handle,
    "NotifyEVChargingNeeds": notify_ev_charging_needs.handle,
    "NotifyPeriodicEventStream": notify_periodic_event_stream.handle,
    "NotifyPriorityCharging": notify_priority_charging.handle,
    "NotifySettlement": notify_settlement.handle,
    "OpenPeriodicEventStream": open_periodic_event_stream.handle,
    "PullDynamicScheduleUpdate": pull_dynamic_schedule_update.handle,
    "ReportDERControl": report_der_control.handle,
    "TransactionEvent": transaction_event.handle,
    "VatNumberValidation": vat_number_validation.handle,
}
