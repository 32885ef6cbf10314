"""Statements: drafted, issued once, corrected by further ones; and transactions told outside."""
