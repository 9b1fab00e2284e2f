"""Servers that Tieline brings along and keeps alive: PostgreSQL, and the tree of our own processes.

Nothing here knows grids or phones. `EmbeddedPostgres` runs one PostgreSQL cluster in a home folder; `Supervisor`
runs declared parts in order, restarts what falls over, and takes everything down with it.
"""

from tieline.platform.embedded.errors import EmbeddedError
from tieline.platform.embedded.parts import Child, Server, answers
from tieline.platform.embedded.postgres import EmbeddedPostgres
from tieline.platform.embedded.supervisor import Event, State, Supervisor

__all__ = ["Child", "EmbeddedError", "EmbeddedPostgres", "Event", "Server", "State", "Supervisor", "answers"]
