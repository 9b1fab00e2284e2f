"""What an operator shows of a subscription and the inventory's own columns cannot keep, where it deviates."""

from alembic import op

revision = "inventory_0003"
down_revision = "inventory_0002"
branch_labels = None
depends_on = None

# Nearly always empty: a row stands here only while something deviates, and for an hour after the operator's own people
# set something to what we want, so that an older message that comes late is known to be old.
# ``subscription_id`` is null for what the operator has and the inventory does not; ``absent_at`` is set for what it has
# no more.
_SIGHTING = """
CREATE TABLE sighting (
    operator_id bigint NOT NULL REFERENCES operator,
    ref text COLLATE "C" NOT NULL,
    subscription_id bigint REFERENCES subscription,
    told jsonb NOT NULL DEFAULT '{}',
    iccid text,
    imsi text,
    imei text,
    modified_by text NOT NULL DEFAULT '',
    modified_at timestamptz,
    plan text NOT NULL DEFAULT '',
    absent_at timestamptz,
    deviates boolean NOT NULL DEFAULT true,
    first_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, ref)
);
CREATE INDEX sighting_subscription ON sighting (subscription_id) WHERE subscription_id IS NOT NULL;
CREATE INDEX sighting_unknown ON sighting (operator_id, ref) WHERE subscription_id IS NULL;
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(_SIGHTING)


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE sighting")
