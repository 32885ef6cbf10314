"""Tariffs: what a transaction costs, to the cent and with every line explained.

A pure core: values in, values out, Decimal alone, time an argument, the reason part of the result.

`model` a tariff in OCPI's words · `checking` what is wrong with it · `calendars`, `timetable` which
element counts when · `splitting` energy over time, by readings · `pricing` a transaction's lines ·
`billing` lines into sums, rounded · `assignment` which tariff counts for whom and why ·
`dynamic` prices of the day-ahead market · `limits` spending and energy · `co2` emissions.
"""
