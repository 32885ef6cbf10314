"""Statements: what somebody owes for a month, as a document of values that never changes.

A pure core beside `csms.tariff`: priced transactions in, values out, time an argument.

`document` the values · `composing` how priced transactions become one · `base_fees` who owes
which · `cost_split` an installation's use against its supplier's bill · `cdr`, `cdr_tariff`
transactions in OCPI's words · `files` documents as PDF, CSV and XLSX.
"""
