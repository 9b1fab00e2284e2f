"""Rules of field work: pure."""
