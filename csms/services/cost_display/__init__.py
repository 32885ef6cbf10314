"""Telling chargers what a transaction costs, so that they show it to the driver.

`displays` which chargers show costs and how · `board` the final cost, at the end ·
`telling` costs sent while it charges · `wording` the words of 1.6 displays, by vendor.
"""
