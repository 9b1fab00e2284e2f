"""Use cases of logistics."""
