"""Notices: what operators announce, whom it strikes, and what is answered."""
