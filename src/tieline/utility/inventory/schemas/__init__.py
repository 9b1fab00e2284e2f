"""What the REST API of the inventory sends and takes. Answers are made by msgspec; these models describe them."""
