"""Telling chargers what a transaction costs, so that they show it to the driver.

`displays` which chargers show costs and how · `board` costs in answers ·
`telling` costs sent while it charges · `pace` not too often ·
`wording` the words of 1.6 displays, by vendor.
"""
