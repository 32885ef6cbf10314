"""PURE: readings that a meter signed, and whether the signature is right.

Only OCMF (Open Charge Metering Format) is understood; other formats are kept and said to be so.
"""
