"""Notices: what operators announce: a technology that ends, planned work. Taken over TMF655, kept by revision."""
