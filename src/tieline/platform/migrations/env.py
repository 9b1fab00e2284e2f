"""Alembic's entry: runs the revisions on the connection that ``tieline.platform.migrate`` opened."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=True)
context.run_migrations()
