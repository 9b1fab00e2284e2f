"""Saved views: keeping one, and the page where they are renamed, shared, pinned, put in order and deleted."""
