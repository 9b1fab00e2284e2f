"""The command line: runs the parts, and speaks REST to a running platform like any other client."""

from tieline.cli.application import main

__all__ = ["main"]
