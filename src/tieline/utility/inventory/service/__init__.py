"""Use cases of the inventory; each module is one subject."""
