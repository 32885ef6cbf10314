"""OCPP-J: everything between a charger's socket and a handler.

A connection's way: `sockets` (WebSocket) - `handshake` (identity, version, password) - `connection`
(reads, validates, answers, in order) - `calls` (our own CALLs). `server.Gateway` wires it.
"""
