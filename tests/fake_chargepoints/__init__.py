"""Fake charge points with real sockets: for tests, `csms demo` and `csms simulate`.

`link` talks OCPP-J, `script` plans an exchange and fails when it does not happen, `v16` and
`v201` are whole charge points with batteries behind them, `faults` breaks things on purpose,
`days` lives realistic days, and `fleet` is thousands of simple stations in one process.
"""
