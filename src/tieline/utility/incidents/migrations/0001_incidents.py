"""Incidents with their members and journal; what is expected for a while; how full reads compared."""

from alembic import op

revision = "incidents_0001"
down_revision = None
branch_labels = ("incidents",)
depends_on = ("inventory_0003", "changes_0001")

# ``key`` is unique among those that are not over, so that nothing is reported twice.
_INCIDENT = """
CREATE TABLE incident (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    key text COLLATE "C" NOT NULL,
    severity text NOT NULL CHECK (severity IN ('critical', 'major', 'minor', 'warning')),
    state text NOT NULL CHECK (state IN ('expected', 'open', 'acknowledged', 'resolved')),
    title text NOT NULL,
    sentence text NOT NULL DEFAULT '',
    operator_id bigint REFERENCES operator,
    change_id bigint,
    revert_id bigint,
    expectation_id bigint,
    evidence jsonb NOT NULL DEFAULT '{}',
    detected boolean NOT NULL DEFAULT false,
    repeats integer NOT NULL DEFAULT 1 CHECK (repeats > 0),
    members integer NOT NULL DEFAULT 0,
    sites integer NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    grown_at timestamptz NOT NULL,
    acknowledged_by text,
    acknowledged_at timestamptz,
    assignee text,
    resolved_by text,
    resolved_at timestamptz,
    resolved_why text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX incident_key ON incident (key) WHERE state <> 'resolved';
CREATE INDEX incident_live ON incident (id) WHERE state <> 'resolved';
CREATE INDEX incident_state ON incident (state, id);
CREATE INDEX incident_revert ON incident (revert_id) WHERE revert_id IS NOT NULL;
"""

# What an incident is about, one row each. ``subject`` is unique for a kind among those that are so at this moment.
_MEMBER = """
CREATE TABLE incident_member (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incident,
    kind text NOT NULL,
    subject text COLLATE "C" NOT NULL,
    subscription_id bigint,
    ref text NOT NULL DEFAULT '',
    operator text NOT NULL DEFAULT '',
    site_id bigint,
    site text NOT NULL DEFAULT '',
    site_name text NOT NULL DEFAULT '',
    region text,
    criticality text NOT NULL DEFAULT 'normal',
    role text NOT NULL DEFAULT '',
    fields jsonb NOT NULL DEFAULT '{}',
    record jsonb NOT NULL DEFAULT '{}',
    signature text COLLATE "C" NOT NULL DEFAULT '',
    since timestamptz NOT NULL,
    ended_at timestamptz,
    end_why text NOT NULL DEFAULT '',
    accepted boolean NOT NULL DEFAULT false,
    version integer NOT NULL DEFAULT 0,
    observed_at timestamptz
);
CREATE UNIQUE INDEX incident_member_subject ON incident_member (kind, subject) WHERE ended_at IS NULL;
CREATE INDEX incident_member_accepted ON incident_member (kind, subject) WHERE accepted;
CREATE INDEX incident_member_incident ON incident_member (incident_id, id);
CREATE INDEX incident_member_site ON incident_member (site_id, incident_id) WHERE site_id IS NOT NULL;
CREATE INDEX incident_member_subscription ON incident_member (subscription_id) WHERE subscription_id IS NOT NULL;

CREATE TABLE incident_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incident,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    words text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX incident_event_incident ON incident_event (incident_id, id);
"""

_EXPECTATION = """
CREATE TABLE incident_expectation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    origin text COLLATE "C" NOT NULL,
    site_ids bigint[] NOT NULL DEFAULT '{}',
    subscription_ids bigint[] NOT NULL DEFAULT '{}',
    operator text,
    region text,
    fields text[],
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    why text NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX incident_expectation_origin ON incident_expectation (origin);
CREATE INDEX incident_expectation_live ON incident_expectation (ends_at) WHERE ended_at IS NULL;

CREATE TABLE reconciliation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator text NOT NULL,
    sync_id bigint NOT NULL UNIQUE,
    began_at timestamptz NOT NULL,
    at timestamptz NOT NULL,
    read bigint NOT NULL,
    equal bigint NOT NULL,
    differing bigint NOT NULL,
    explained bigint NOT NULL,
    missing bigint NOT NULL,
    unknown bigint NOT NULL,
    fields jsonb NOT NULL
);
CREATE INDEX reconciliation_operator ON reconciliation (operator, id);
"""


def upgrade() -> None:
    """Make the tables."""
    for part in (_INCIDENT, _MEMBER, _EXPECTATION):
        op.execute(part)


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP TABLE reconciliation, incident_expectation, incident_event, incident_member, incident")
