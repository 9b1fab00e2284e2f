"""Programmes: changes and visits in an order, with conditions for each site, until the last site is done."""
