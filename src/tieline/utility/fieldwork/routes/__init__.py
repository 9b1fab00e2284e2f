"""REST of field work, under ``/api/v1/field``."""
