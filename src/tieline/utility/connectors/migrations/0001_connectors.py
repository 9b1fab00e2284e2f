"""How operators are reached, how they are doing, what they were asked to notify, and full reads of what they have."""

from alembic import op

revision = "connectors_0001"
down_revision = None
branch_labels = ("connectors",)
depends_on = ("inventory_0001",)

_CONNECTIONS = """
CREATE TABLE operator_connection (
    operator_id bigint PRIMARY KEY REFERENCES operator,
    provider text NOT NULL,
    base_url text NOT NULL,
    dn text NOT NULL DEFAULT '',
    certificate text NOT NULL DEFAULT '',
    private_key text NOT NULL DEFAULT '',
    authority text NOT NULL DEFAULT '',
    calls_per_second double precision CHECK (calls_per_second > 0),
    max_batch integer CHECK (max_batch > 0),
    in_flight integer CHECK (in_flight > 0),
    timeout_seconds double precision NOT NULL DEFAULT 30 CHECK (timeout_seconds > 0),
    notification_fingerprint text CHECK (notification_fingerprint ~ '^[0-9a-f]{64}$'),
    notification_url text NOT NULL DEFAULT '',
    heartbeat_seconds integer NOT NULL DEFAULT 60 CHECK (heartbeat_seconds >= 0),
    sync_hours double precision NOT NULL DEFAULT 24 CHECK (sync_hours > 0),
    enabled boolean NOT NULL DEFAULT true,
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by text NOT NULL
);
CREATE UNIQUE INDEX operator_connection_fingerprint ON operator_connection (notification_fingerprint);

CREATE TABLE operator_health (
    operator_id bigint PRIMARY KEY REFERENCES operator,
    circuit text NOT NULL CHECK (circuit IN ('closed', 'open', 'half-open')),
    last_ok_at timestamptz,
    last_error_at timestamptz,
    last_error text NOT NULL DEFAULT '',
    calls bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    throttled bigint NOT NULL DEFAULT 0,
    at timestamptz NOT NULL
);
"""

# One row an operator: the feed it was asked for, and what has come of it. A lease says who calls the operator.
_FEEDS = """
CREATE TABLE operator_feed (
    operator_id bigint PRIMARY KEY REFERENCES operator,
    feed text NOT NULL,
    recipient text NOT NULL,
    heartbeat_seconds integer NOT NULL,
    asked_at timestamptz NOT NULL,
    heard_at timestamptz,
    last_sequence bigint,
    gaps bigint NOT NULL DEFAULT 0,
    silent boolean NOT NULL DEFAULT false
);
CREATE TABLE operator_notification (
    operator_id bigint NOT NULL REFERENCES operator,
    key text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, key)
);
CREATE INDEX operator_notification_at ON operator_notification (at);
CREATE TABLE operator_lease (
    operator_id bigint NOT NULL REFERENCES operator,
    purpose text NOT NULL,
    holder text NOT NULL,
    token bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, purpose)
);
CREATE SEQUENCE operator_lease_token;
"""

_SYNCS = """
CREATE TABLE operator_sync (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operator,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
    reason text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at timestamptz,
    read bigint NOT NULL DEFAULT 0,
    taken bigint NOT NULL DEFAULT 0,
    unknown bigint NOT NULL DEFAULT 0,
    drifts bigint NOT NULL DEFAULT 0,
    message text NOT NULL DEFAULT ''
);
CREATE INDEX operator_sync_operator ON operator_sync (operator_id, id);
"""


def upgrade() -> None:
    """Make the tables."""
    for part in (_CONNECTIONS, _FEEDS, _SYNCS):
        op.execute(part)


def downgrade() -> None:
    """Drop the tables."""
    op.execute(
        "DROP TABLE operator_sync, operator_lease, operator_notification, operator_feed, operator_health,"
        " operator_connection"
    )
    op.execute("DROP SEQUENCE operator_lease_token")
