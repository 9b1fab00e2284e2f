"""Incidents: anything wrong, with its evidence and its way back. First of all a change that nobody explains."""
