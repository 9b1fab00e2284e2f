"""Ways to an operator's desk, a folder each."""
