"""Use cases of programmes."""
