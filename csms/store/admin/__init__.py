"""The verbs of the admin API: one file per aggregate, functions on a connection of `Database`.

Rows come back as mappings named like the columns of `csms.store.tables`; where an operator sees
a charge point it is by its identity, `charge_point_id`.
"""
