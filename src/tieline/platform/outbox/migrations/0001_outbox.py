"""Events, and who has handled which."""

from alembic import op

revision = "outbox_0001"
down_revision = None
branch_labels = ("outbox",)
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute(
        """
        CREATE TABLE outbox_event (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            topic text NOT NULL,
            key text NOT NULL,
            payload jsonb NOT NULL,
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            spread boolean NOT NULL DEFAULT false
        )
        """
    )
    op.execute("CREATE INDEX outbox_event_new ON outbox_event (id) WHERE NOT spread")
    op.execute(
        """
        CREATE TABLE outbox_delivery (
            handler text NOT NULL,
            event_id bigint NOT NULL REFERENCES outbox_event ON DELETE CASCADE,
            key text NOT NULL,
            state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'handled', 'dead')),
            attempts int NOT NULL DEFAULT 0,
            next_at timestamptz NOT NULL DEFAULT '-infinity',
            handled_at timestamptz,
            error text,
            PRIMARY KEY (handler, event_id)
        )
        """
    )
    op.execute("CREATE INDEX outbox_delivery_waiting ON outbox_delivery (handler, event_id) WHERE state = 'waiting'")
    op.execute(
        "CREATE INDEX outbox_delivery_tried ON outbox_delivery (handler, key) WHERE state = 'waiting' AND attempts > 0"
    )
    op.execute("CREATE INDEX outbox_delivery_dead ON outbox_delivery (event_id) WHERE state = 'dead'")
    op.execute("CREATE INDEX outbox_delivery_event ON outbox_delivery (event_id)")


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP TABLE outbox_delivery, outbox_event")
