"""All SQL of field work."""
