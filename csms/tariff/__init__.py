"""Tariffs: what a transaction costs, to the cent and with every line explained.

A pure core: values in, values out, Decimal alone, time an argument, the reason part of the result.

`model` a tariff in OCPI's words · `checking` what is wrong with it · `calendars`, `timetable` which
element counts when · `usage` what the shell tells of a transaction · `splitting` its energy over
time, by readings · `pricing` its lines · `billing` lines into sums, rounded · `months` base fees ·
`outlook` what a kWh costs now and later · `dynamic` prices of the day-ahead market · `assignment`
which tariff counts for whom and why · `limits` spending and energy · `co2` emissions.
"""
