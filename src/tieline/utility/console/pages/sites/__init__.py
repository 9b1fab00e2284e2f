"""Sites: the list, the page of one, and its short form beside lists and map."""
