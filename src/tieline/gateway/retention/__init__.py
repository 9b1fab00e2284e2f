"""How long a gateway keeps what it no longer needs, and its removal in the background, a little at a time."""
