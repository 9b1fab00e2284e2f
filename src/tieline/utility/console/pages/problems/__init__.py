"""What stands where there is no page."""
