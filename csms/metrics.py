"""Every metric in one place; labels are bounded, children are bound once."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector

from csms import __version__

_LATENCY_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MAX_VENDORS: Final = 64
"""Vendors beyond this many share the label "other"."""
MAX_SITES: Final = 256
"""Sites beyond this many share the label "other"."""


class Metrics:
    """All metrics of one server, on a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=registry)
        Info("csms_build", "The version that runs", registry=registry).info(
            {"version": __version__}
        )
        self.connections = Gauge(
            "csms_connections", "Live charger connections", ["version"], registry=registry
        )
        self.handshakes = Counter(
            "csms_handshakes_total", "WebSocket handshakes", ["outcome"], registry=registry
        )
        self.disconnects = Counter(
            "csms_disconnects_total", "Connections ended", ["reason"], registry=registry
        )
        self.messages = Counter(
            "csms_messages_total",
            "Calls by version, direction (in, out), action and outcome",
            ["version", "direction", "action", "outcome"],
            registry=registry,
        )
        self.bad_frames = Counter(
            "csms_bad_frames_total",
            "Frames that were no OCPP-J message",
            ["why"],
            registry=registry,
        )
        self.security_events = Counter(
            "csms_security_events_total",
            "Security events that chargers reported",
            ["type"],
            registry=registry,
        )
        self.local_list_syncs = Counter(
            "csms_local_list_syncs_total",
            "Local authorization lists brought up to date, by outcome",
            ["outcome"],
            registry=registry,
        )
        self.monitored_events = Counter(
            "csms_monitored_events_total",
            "Events that monitors of variables in chargers reported",
            ["severity"],
            registry=registry,
        )
        self.repairs = Counter(
            "csms_repairs_total", "Quirks repaired", ["repair", "vendor"], registry=registry
        )
        self.handler_seconds = Histogram(
            "csms_handler_seconds",
            "From frame received to answer sent, commit included",
            ["version", "action"],
            buckets=_LATENCY_S,
            registry=registry,
        )
        self.command_seconds = Histogram(
            "csms_command_seconds",
            "From command sent to answer received",
            ["version", "action"],
            buckets=_LATENCY_S,
            registry=registry,
        )
        self.command_queue = Gauge(
            "csms_command_queue", "Commands waiting for their turn", registry=registry
        )
        self.transactions_priced = Counter(
            "csms_transactions_priced_total",
            "Ended transactions priced, again ones included: priced, or unpriced in part",
            ["outcome"],
            registry=registry,
        )
        self.pricing_failures = Counter(
            "csms_pricing_failures_total", "Attempts to price that failed", registry=registry
        )
        self.pricing_queue = Gauge(
            "csms_pricing_queue", "Ended transactions that wait to be priced", registry=registry
        )
        self.running_costs = Gauge(
            "csms_running_costs", "Open transactions whose cost is followed", registry=registry
        )
        self.price_fetches = Counter(
            "csms_price_fetches_total",
            "Market prices fetched, by outcome",
            ["outcome"],
            registry=registry,
        )
        self.commit_seconds = Histogram(
            "csms_commit_seconds", "Database commits", buckets=_LATENCY_S, registry=registry
        )
        self.commit_rows = Histogram(
            "csms_commit_rows",
            "Rows per commit",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000),
            registry=registry,
        )
        self.commit_failures = Counter(
            "csms_commit_failures_total", "Commits that failed", ["why"], registry=registry
        )
        self.waiting_messages = Gauge(
            "csms_waiting_messages",
            "Messages of charge points that wait for a database that is away to be handled",
            registry=registry,
        )
        self.write_queue = Gauge(
            "csms_write_queue", "Records waiting for a commit", registry=registry
        )
        self.log_dropped = Counter(
            "csms_message_log_dropped_total", "Message log lines dropped", registry=registry
        )
        self.database_up = Gauge(
            "csms_database_up", "1 while the database answers", registry=registry
        )
        self.transactions_open = Gauge(
            "csms_transactions_open", "Transactions open on this server", registry=registry
        )
        self.transactions = Counter(
            "csms_transactions_total",
            "Transactions by what happened (started, ended)",
            ["what"],
            registry=registry,
        )
        self.transaction_flags = Counter(
            "csms_transaction_flags_total", "Oddities in transactions", ["flag"], registry=registry
        )
        self.energy_wh = Counter(
            "csms_energy_wh_total", "Energy of ended transactions", registry=registry
        )
        self.site_power_w = Gauge(
            "csms_site_power_watts",
            "Power that the charge points of a site draw, by their latest readings",
            ["site"],
            registry=registry,
        )
        self.meters = Gauge(
            "csms_meters", "Meters of circuits that are read", ["kind"], registry=registry
        )
        self.meter_readings = Counter(
            "csms_meter_readings_total", "Readings of meters", ["kind"], registry=registry
        )
        self.meter_errors = Counter(
            "csms_meter_errors_total",
            "Failures to read a meter and readings that could not be used",
            ["kind"],
            registry=registry,
        )
        self.authorizations = Counter(
            "csms_authorizations_total", "Decisions about id tokens", ["status"], registry=registry
        )
        self.events_lost = Counter(
            "csms_events_lost_total", "Events a slow watcher missed", registry=registry
        )
        self.api_requests = Counter(
            "csms_api_requests_total",
            "Admin API requests",
            ["method", "route", "status"],
            registry=registry,
        )
        self.load_decision_seconds = Histogram(
            "csms_load_decision_seconds",
            "Load management: one decision about a whole site",
            buckets=_LATENCY_S,
            registry=registry,
        )
        self.spending_stops = Counter(
            "csms_spending_stops_total",
            "Transactions told to stop by the limit that was reached: transaction, month, credit",
            ["limit"],
            registry=registry,
        )
        self.cdr_deliveries = Counter(
            "csms_cdr_deliveries_total",
            "Attempts to deliver CDRs to webhooks by outcome: delivered, retried, failed",
            ["outcome"],
            registry=registry,
        )
        self.load_plan_seconds = Histogram(
            "csms_load_plan_seconds",
            "Load management: one plan of a whole site",
            buckets=_LATENCY_S,
            registry=registry,
        )
        self.load_reaction_seconds = Histogram(
            "csms_load_reaction_seconds",
            "Load management: from the first new fact to the limits that follow from it sent",
            buckets=_LATENCY_S,
            registry=registry,
        )
        self.load_instructions = Counter(
            "csms_load_instructions_total",
            "Load management: what was told to chargers, by outcome",
            ["outcome"],
            registry=registry,
        )
        self.load_alarms = Counter(
            "csms_load_alarms_total", "Load management: alarms raised", ["kind"], registry=registry
        )
        self.load_failures = Counter(
            "csms_load_failures_total",
            "Load management: times the steering of a site had to start anew",
            registry=registry,
        )
        self.background_failures = Counter(
            "csms_background_failures_total",
            "Failures in the background that nobody thought of, by task",
            ["task"],
            registry=registry,
        )
        self.load_sites = Gauge(
            "csms_load_sites", "Sites that this server steers", registry=registry
        )
        self._vendors: dict[str, str] = {}
        self._sites: dict[str, str] = {}

    def vendor(self, name: str) -> str:
        """Return the label for a vendor, so that strangers can't make labels without end."""
        return _label(self._vendors, name, MAX_VENDORS, "unknown")

    def site(self, site_id: str | None) -> str:
        """Return the label for a site; charge points without one share the label "none"."""
        return _label(self._sites, site_id or "", MAX_SITES, "none")


def _label(known: dict[str, str], name: str, limit: int, nameless: str) -> str:
    label = known.get(name)
    if label is None:
        if len(known) >= limit:
            return "other"
        label = known[name] = name[:40] or nameless
    return label
