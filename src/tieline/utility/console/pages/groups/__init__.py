"""5G LAN groups: what there is, who is in, and how to alter it."""
