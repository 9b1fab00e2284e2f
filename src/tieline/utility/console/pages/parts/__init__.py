"""What several pages show alike: links of a site, desired against reported values, histories as timelines."""
