"""Load management: who may draw how much, so that no circuit breaker is ever overloaded.

A pure core: values in, values out, time an argument, the reason part of the result.

`grid` the installation · `allocation` fair shares now · `plan` the look ahead · `modes` what an
owner wants · `commitments` what chargers may still draw · `profiles` limits in OCPP's words ·
`steering` joins them for one site.
"""
