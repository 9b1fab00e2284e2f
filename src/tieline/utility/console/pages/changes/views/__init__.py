"""What the pages of changes show, as pure functions from the values of the changes context to parts."""
