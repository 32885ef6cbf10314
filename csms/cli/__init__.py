"""The command line: one command per file."""

from csms.cli.main import main

__all__ = ["main"]
