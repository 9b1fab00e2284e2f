"""The operator's own staff and systems: taking utilities on, loading subscriptions, changing one, reading the log.

Served on loopback with a bearer token; the simulated network is steered from here as well.
"""
