"""The overview: the figures that matter now, the fleet, the map, what changed."""
