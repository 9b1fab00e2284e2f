"""Use cases of field work."""
