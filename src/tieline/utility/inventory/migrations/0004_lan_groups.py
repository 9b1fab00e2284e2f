"""5G LAN groups at operators: what they are, who is in them, and since when."""

from alembic import op

revision = "inventory_0004"
down_revision = "inventory_0003"
branch_labels = None
depends_on = None

# Which groups a subscription is in is one of its desired values, with an operational twin, so that plans,
# before-images, verification and undo hold for it as for any other; who was a member when is kept beside it.
_COLUMNS = """
ALTER TABLE subscription ADD COLUMN lan_groups text[] NOT NULL DEFAULT '{}', ADD COLUMN op_lan_groups text[];
CREATE INDEX subscription_lan_groups ON subscription USING gin (lan_groups) WHERE lan_groups <> '{}';
"""

_GROUPS = """
CREATE TABLE lan_group (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operator,
    name text COLLATE "C" NOT NULL,
    title text NOT NULL DEFAULT '',
    dnn text NOT NULL,
    sst integer NOT NULL CHECK (sst BETWEEN 0 AND 255),
    sd text CHECK (sd ~ '^[0-9a-f]{6}$'),
    session_type text NOT NULL CHECK (session_type IN ('IPV4', 'IPV6', 'IPV4V6', 'UNSTRUCTURED', 'ETHERNET')),
    aaa_address inet,
    aaa_usages text[] NOT NULL DEFAULT '{}' CHECK (aaa_usages <@ '{AUTH,IP_ALLOC}'),
    change_id bigint,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (operator_id, name)
);
CREATE TABLE lan_group_member (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lan_group_id bigint NOT NULL REFERENCES lan_group,
    subscription_id bigint NOT NULL REFERENCES subscription,
    valid_from timestamptz NOT NULL DEFAULT now(),
    valid_to timestamptz CHECK (valid_to >= valid_from)
);
CREATE UNIQUE INDEX lan_group_member_now ON lan_group_member (lan_group_id, subscription_id) WHERE valid_to IS NULL;
CREATE INDEX lan_group_member_subscription ON lan_group_member (subscription_id, valid_from);
"""


def upgrade() -> None:
    """Add the columns and tables; nobody is in a group so far."""
    op.execute(_COLUMNS)
    op.execute(_GROUPS)


def downgrade() -> None:
    """Take them away."""
    op.execute("DROP TABLE lan_group_member, lan_group")
    op.execute("ALTER TABLE subscription DROP COLUMN lan_groups, DROP COLUMN op_lan_groups")
