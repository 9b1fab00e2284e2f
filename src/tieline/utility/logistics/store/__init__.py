"""All SQL of logistics."""
