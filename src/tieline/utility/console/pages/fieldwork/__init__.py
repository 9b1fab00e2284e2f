"""Pages of field work at the desk: orders, visits, what crews reported that needs looking at, crews."""
