"""All SQL of changes, by subject."""
