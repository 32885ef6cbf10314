"""Who may spend how much: prepaid credit, limits, and stopping in time.

`model` what is known of a payer · `judging` decisions, pure · `admission` may a transaction begin ·
`watching` running costs become reservations, and a stop where credit ends · `stopping` how a
transaction is stopped · `settling` the final price goes into the ledger, once.

Authorisation is what is denied; what a charger tells of a transaction is always recorded.
"""
