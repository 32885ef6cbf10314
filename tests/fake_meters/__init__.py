"""Meters on real sockets, and the accidents that befall them."""
