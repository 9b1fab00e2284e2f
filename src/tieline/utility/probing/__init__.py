"""Probing: asking the application at a site whether it answers, from the utility's side of the network."""
