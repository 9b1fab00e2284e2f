"""All SQL of the inventory; each module is one subject."""
