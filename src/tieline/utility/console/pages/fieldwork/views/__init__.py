"""What the pages of field work show, made from what the context gives."""
