"""All SQL of plan management: descriptors and groups, jobs and their failures."""
