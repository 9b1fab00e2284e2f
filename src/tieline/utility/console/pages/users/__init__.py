"""Pages of people, API tokens, and of one's own account."""
