"""The pages of the operator's console, a module each."""
