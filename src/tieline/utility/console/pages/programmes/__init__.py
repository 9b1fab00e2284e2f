"""Programmes: their list, one as mission control of a job of months, its sites, and what is done with it."""
