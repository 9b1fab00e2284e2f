"""Rules of incidents: what deviates, what explains it, how bad it is, how it is said. Pure."""
