"""Probes: what is to be asked, what was answered, and each subscription's last answer."""

from alembic import op

revision = "probing_0001"
down_revision = None
branch_labels = ("probing",)
depends_on = ("inventory_0001",)

# An answered probe stays for as long as it is kept, so that the same origin and key do not ask again. Region and
# operator are those of the moment of asking: they say who may see it.
PROBES = """
CREATE TABLE probe (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id bigint NOT NULL REFERENCES subscription ON DELETE CASCADE,
    origin text NOT NULL,
    key text NOT NULL,
    operator text NOT NULL,
    region text,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    taken_until timestamptz,
    attempts smallint NOT NULL DEFAULT 0,
    answered_at timestamptz,
    ok boolean,
    why text CHECK (why IN ('answered', 'no_address', 'not_allowed', 'unreachable', 'refused', 'no_connection',
        'silent', 'closed', 'garbled', 'no_way')),
    address text,
    connect_ms double precision,
    rtt_ms double precision,
    UNIQUE (origin, key, subscription_id),
    CHECK ((answered_at IS NULL) = (why IS NULL))
);
CREATE INDEX probe_waiting ON probe (due_at, id) WHERE answered_at IS NULL;
CREATE INDEX probe_answered ON probe (answered_at, id) WHERE answered_at IS NOT NULL;
CREATE INDEX probe_subscription ON probe (subscription_id, id);
CREATE TABLE probe_latest (
    subscription_id bigint PRIMARY KEY REFERENCES subscription ON DELETE CASCADE,
    ok boolean NOT NULL,
    why text NOT NULL,
    address text,
    connect_ms double precision,
    rtt_ms double precision,
    origin text NOT NULL,
    at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    op.execute(PROBES)


def downgrade() -> None:
    op.execute("DROP TABLE probe_latest, probe")
