"""The map of all sites, in step with their list."""
