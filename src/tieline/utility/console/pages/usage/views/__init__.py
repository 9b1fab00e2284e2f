"""Usage and cost as tables, figures and forms."""
