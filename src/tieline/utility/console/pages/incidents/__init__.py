"""Incidents: the list, one with its story, what is expected, how full reads compared."""
