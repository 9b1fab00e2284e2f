"""Use cases of changes; each module is one subject."""
