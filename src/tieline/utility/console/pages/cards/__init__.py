"""Cards: the list, stock, and the page of one."""
