"""Transactions told to outside billing, as OCPI's CDRs."""
