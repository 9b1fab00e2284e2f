"""The utility's platform, one folder a context."""
