"""The gateway: listens for chargers and keeps their connections."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping, Sequence
from typing import Final

from websockets.asyncio.server import Server
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.protocol import OPEN

from csms.clock import Clock
from csms.config import Settings
from csms.errors import CsmsError
from csms.gateway import tls
from csms.gateway.adoption import introduction
from csms.gateway.connection import Connection
from csms.gateway.endpoints import Dialect
from csms.gateway.handshake import Doorkeeper, RefusedError, source_of
from csms.gateway.links import LiveLinks
from csms.gateway.liveness import Liveness
from csms.gateway.receiver import Receiver
from csms.gateway.schemas import schemas_of
from csms.gateway.shared import Shared
from csms.gateway.sockets import ChargerSocket, listen
from csms.gateway.tls_door import HANDSHAKE_TIMEOUT_S, TlsDoor
from csms.handlers.contract import Routes
from csms.limits import LogLimit, Rate
from csms.metrics import Metrics
from csms.model import OcppVersion
from csms.services.ports import PasswordStore
from csms.services.records import Recorder
from csms.services.services import Services

logger = logging.getLogger(__name__)

_BAD_FRAME_LOG_EVERY_S: Final = 1.0
_DEAD_AFTER_PINGS: Final = 2
_NO_IDENTITY: Final = "neither the address (ws://HOST:PORT/IDENTITY) nor a boot tells who this is"
_WITHOUT_HANDSHAKE: Final = 2000
"""Sockets that may be open beyond the connections allowed, to shake hands or be refused."""


class Gateway:
    """Chargers connect here. `links` is where commands find their connections."""

    def __init__(
        self,
        settings: Settings,
        services: Services,
        routes: Mapping[OcppVersion, Routes],
        recorder: Recorder,
        passwords: PasswordStore,
        links: LiveLinks,
        metrics: Metrics,
        clock: Clock,
        client_roots: Sequence[str] = (),
    ) -> None:
        self._settings = settings
        self._client_roots = client_roots
        self._tls: ssl.SSLContext | None = None
        self._tls_door: TlsDoor | None = None
        self._services = services
        self._clock = clock
        self._metrics = metrics
        self._links = links
        shared = Shared(
            settings,
            services,
            recorder,
            metrics,
            clock,
            Rate(settings.messages_per_second, settings.messages_burst),
            LogLimit(_BAD_FRAME_LOG_EVERY_S),
        )
        self._shared = shared
        dialects = [
            Dialect(schemas_of(version), table, metrics) for version, table in routes.items()
        ]
        self._receivers = {
            dialect.version: Receiver(
                dialect, [other for other in dialects if other is not dialect], shared
            )
            for dialect in dialects
        }
        self._doorkeeper = Doorkeeper(
            settings,
            services.charge_points,
            passwords,
            services.certificates.door,
            tuple(routes),
            metrics,
            clock,
        )
        self._liveness = Liveness(
            settings, lambda: links, services.charge_points.heartbeat_interval_s, clock
        )
        self._servers: list[Server] = []
        self._watch: asyncio.Task[None] | None = None
        self.port = 0
        """The port chargers connect to, once started."""
        self.tls_port: int | None = None

    async def start(self) -> None:
        """Listen. Raises OSError if a port is taken, InvalidValueError for unusable TLS files."""
        settings = self._settings
        if settings.ocpp_tls_port is not None:
            self._tls = tls.server_context(settings, self._client_roots)
            for problem in tls.out_of_date(settings, self._clock.now()):
                logger.warning("%s: chargers will refuse to connect with TLS", problem)
            self._tls_door = TlsDoor(self._tls, self._doorkeeper.no_tls)
        plain = await self._listen(settings.ocpp_port)
        self.port = _port_of(plain)
        if settings.ocpp_tls_port is not None:
            try:
                secure = await self._listen(settings.ocpp_tls_port, self._tls_door)
            except OSError:
                await self.stop(0.0)
                raise
            self.tls_port = _port_of(secure)
        self._watch = asyncio.create_task(self._liveness.run(), name="charger liveness")

    def trust_clients_of(self, issuer: str) -> None:
        """Trust the client certificates of one more issuer (PEM) from now on."""
        if self._tls is not None:
            tls.trust_clients_of(self._tls, issuer)

    @property
    def listening(self) -> bool:
        """Whether chargers can connect, on every port there shall be."""
        return bool(self._servers) and all(server.is_serving() for server in self._servers)

    async def stop(self, timeout_s: float) -> None:
        """Stop listening and close all connections; running handlers finish within the time."""
        if self._watch is not None:
            self._watch.cancel()
        if self._tls_door is not None:
            self._tls_door.close()
        for server in self._servers:
            server.close(code=CloseCode.GOING_AWAY, reason="the central system stops")
        try:
            async with asyncio.timeout(timeout_s):
                for server in self._servers:
                    await server.wait_closed()
        except TimeoutError:
            await self._cut_off()
        self._servers.clear()
        self._doorkeeper.close()

    async def _cut_off(self) -> None:
        """End what did not end by itself."""
        tasks = [task for server in self._servers for task in server.handler_tasks]
        logger.warning("%d connections did not end in time and are cut off", len(tasks))
        for server in self._servers:
            for socket in list(server.all_connections):
                socket.transport.abort()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _listen(self, port: int, tls_door: TlsDoor | None = None) -> Server:
        settings = self._settings
        server = await listen(
            self._run,
            settings.ocpp_host,
            port,
            max_size=settings.max_frame_bytes,
            dead_after_s=_DEAD_AFTER_PINGS * settings.ping_interval,
            tls=tls_door,
        )
        self._servers.append(server)
        return server

    # -- one connection

    async def _run(self, socket: ChargerSocket) -> None:
        """Live through one connection, from its first byte to its last; a task of its own."""
        try:
            if self._has_room(socket) and await self._open(socket):
                await self._serve(socket)
        except Exception:
            logger.exception("the connection from %s failed", source_of(socket))
            self._metrics.disconnects.labels("failed").inc()
        finally:
            socket.transport.abort()
            task = asyncio.current_task()
            if task is not None:
                socket.server.handler_tasks.discard(task)

    def _has_room(self, socket: ChargerSocket) -> bool:
        """Whether there are not too many sockets open, those without a handshake included."""
        if len(socket.server.handler_tasks) <= self._settings.max_connections + _WITHOUT_HANDSHAKE:
            return True
        self._metrics.handshakes.labels("full").inc()
        return False

    async def _open(self, socket: ChargerSocket) -> bool:
        """Go through the handshake; False if the connection was not made."""
        try:
            async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
                await socket.handshake(self._doorkeeper.process_request, None, None)
        except (TimeoutError, ConnectionClosed):
            logger.debug("no handshake with %s", source_of(socket))
        if socket.request is None:
            self._doorkeeper.not_opened(socket)
        return socket.protocol.state is OPEN

    async def _serve(self, socket: ChargerSocket) -> None:
        if socket.unnamed is not None:
            await self._adopt(socket)
        admission = socket.admission
        if admission is None:
            if socket.unnamed is None:
                socket.close_soon(CloseCode.PROTOCOL_ERROR, "no common OCPP version")
            else:
                socket.close_soon(CloseCode.POLICY_VIOLATION, _NO_IDENTITY)
            await socket.wait_closed()
            return
        self._doorkeeper.opened()
        socket.forget_handshake()
        socket.server.all_connections.add(socket)
        version = admission.version
        charge_points = self._services.charge_points
        charge_point = charge_points.connected(admission.charge_point, version)
        connection = Connection(socket, charge_point, self._receivers[version], self._shared)
        live = self._metrics.connections.labels(version.value)
        live.inc()
        self._doorkeeper.connections += 1
        logger.info("%s connected with %s from %s", charge_point.id, version, source_of(socket))
        replaced = self._links.put(connection)
        if replaced is not None:
            replaced.close(CloseCode.NORMAL_CLOSURE, "replaced", "replaced by a newer connection")
        try:
            await connection.run()
        finally:
            connection.fail_calls()
            self._links.remove(connection)
            self._doorkeeper.connections -= 1
            live.dec()
            socket.server.all_connections.discard(socket)
            reason = connection.end
            self._metrics.disconnects.labels(reason).inc()
            logger.info("%s disconnected (%s)", charge_point.id, reason)
            charge_points.disconnected(charge_point, reason)

    async def _adopt(self, socket: ChargerSocket) -> None:
        """Find out who a charger is that dialled without an identity."""
        everyone = socket.server.all_connections
        everyone.add(socket)
        try:
            identity, messages = await introduction(socket.inbox, self._settings.max_json_depth)
        finally:
            everyone.discard(socket)
        if identity is None:
            self._doorkeeper.not_adopted(socket, _NO_IDENTITY)
            return
        try:
            socket.admission = await self._doorkeeper.adopt(socket, identity)
        except (RefusedError, CsmsError) as error:
            self._doorkeeper.not_adopted(socket, error)
            return
        socket.inbox.put_back(messages)


def _port_of(server: Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port
