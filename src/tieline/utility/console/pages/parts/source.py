"""What pages take from the inventory, under its former names."""

from tieline.utility.inventory import Kind, contracts, count_things, fleet_summary, subscriptions

count = count_things

__all__ = ["Kind", "contracts", "count", "fleet_summary", "subscriptions"]
