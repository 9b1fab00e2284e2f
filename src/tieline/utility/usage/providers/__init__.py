"""Ways to operators' usage records, a folder each."""
