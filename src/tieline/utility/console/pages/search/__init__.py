"""The global search: suggestions while typing, and the page of results."""
