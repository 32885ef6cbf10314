"""Certificates: those charge points ask for, those installed on them, and contracts of cars."""
