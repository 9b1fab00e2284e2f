"""The rules of changes: pure, without a clock, a database or an operator."""
