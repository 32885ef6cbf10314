"""Documents as files: the same values give the same bytes, today and in ten years.

`wording` words and `figures` numbers in the statement's language · `pdf` on `sheet` with `fonts` ·
`spreadsheet` what stands in which row · `csv` · `xlsx`.
"""
