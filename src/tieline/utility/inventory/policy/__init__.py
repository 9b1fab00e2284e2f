"""Pure rules of the inventory: address arithmetic, words to search by, technologies, reports, what a mast is."""
