"""The rules of programmes; pure."""
