"""Probes: the last answer of every application that was asked, and asking again."""
