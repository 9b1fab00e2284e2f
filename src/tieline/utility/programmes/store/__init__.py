"""All SQL of programmes."""
