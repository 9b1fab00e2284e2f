"""Field work: crews, work orders, visits, and what crews report from a site."""
