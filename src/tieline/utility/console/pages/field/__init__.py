"""The phone page of crews: a shell that holds nobody's data, and what makes it work without a network."""
