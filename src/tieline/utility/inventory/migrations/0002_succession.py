"""Addresses that are promised to who takes them over."""

from alembic import op

revision = "inventory_0002"
down_revision = "inventory_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; nothing is promised so far."""
    op.execute(
        "ALTER TABLE address_reservation ADD COLUMN successor_id bigint REFERENCES subscription,"
        ' ADD COLUMN successor_key text COLLATE "C", ADD COLUMN successor_change_id bigint'
    )
    op.execute(
        "CREATE UNIQUE INDEX address_reservation_successor ON address_reservation (successor_key)"
        " WHERE successor_key IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX address_reservation_successor_change ON address_reservation (successor_change_id)"
        " WHERE successor_change_id IS NOT NULL"
    )


def downgrade() -> None:
    """Drop them."""
    op.execute(
        "ALTER TABLE address_reservation DROP COLUMN successor_id, DROP COLUMN successor_key,"
        " DROP COLUMN successor_change_id"
    )
