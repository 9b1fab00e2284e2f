"""Programs for those who work on Tieline: house rules, pictures of every page. Not part of the product."""
