"""Changes, their items, waves, batches, approvals, events; policies of standard changes; holds."""

from alembic import op

revision = "changes_0001"
down_revision = None
branch_labels = ("changes",)
depends_on = ("inventory_0001", "connectors_0001")

_CHANGES = """
CREATE TABLE standard_policy (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    kind text NOT NULL,
    max_items integer NOT NULL CHECK (max_items > 0),
    critical_sites boolean NOT NULL DEFAULT false,
    created_by text NOT NULL,
    created_by_user bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    approved_by text,
    approved_at timestamptz,
    retired_at timestamptz
);
CREATE TABLE change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    title text NOT NULL,
    type text NOT NULL CHECK (type IN ('normal', 'standard', 'emergency')),
    reason text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'planning', 'planned', 'submitted', 'approved',
        'rejected', 'running', 'paused', 'completed', 'stopped')),
    state_why text NOT NULL DEFAULT '',
    selection jsonb NOT NULL,
    parameters jsonb NOT NULL,
    waves jsonb NOT NULL,
    thresholds jsonb NOT NULL,
    time_window jsonb NOT NULL,
    policy_id bigint REFERENCES standard_policy,
    undo_of bigint REFERENCES change,
    disruptive boolean NOT NULL,
    plan_version integer NOT NULL DEFAULT 0,
    plan_hash text NOT NULL DEFAULT '',
    summary jsonb,
    scope_regions text[],
    scope_operators text[],
    created_by text NOT NULL,
    created_by_user bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    planned_by text,
    planned_by_user bigint,
    planned_at timestamptz,
    started_by text,
    started_by_user bigint,
    started_at timestamptz,
    ended_at timestamptz,
    approval_due_at timestamptz,
    overdue_told boolean NOT NULL DEFAULT false
);
CREATE INDEX change_state ON change (state, id);
CREATE INDEX change_undo ON change (undo_of) WHERE undo_of IS NOT NULL;

CREATE TABLE change_approval (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change_id bigint NOT NULL REFERENCES change,
    plan_version integer NOT NULL,
    plan_hash text NOT NULL,
    decision text NOT NULL CHECK (decision IN ('approved', 'rejected')),
    by_policy boolean NOT NULL DEFAULT false,
    afterwards boolean NOT NULL DEFAULT false,
    actor text NOT NULL,
    user_id bigint,
    comment text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    void_at timestamptz,
    void_why text NOT NULL DEFAULT ''
);
CREATE INDEX change_approval_change ON change_approval (change_id, id);

CREATE TABLE change_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change_id bigint NOT NULL REFERENCES change,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    kind text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX change_event_change ON change_event (change_id, id);

CREATE TABLE change_hold (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason text NOT NULL,
    operator_id bigint REFERENCES operator,
    region text,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz CHECK (ends_at > starts_at),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    lifted_by text,
    lifted_at timestamptz
);
CREATE INDEX change_hold_live ON change_hold (starts_at) WHERE lifted_at IS NULL;
"""

# A lane is a change at one operator; a wave of a change is run by each of its lanes for itself.
_LANES = """
CREATE TABLE change_wave (
    change_id bigint NOT NULL REFERENCES change,
    number integer NOT NULL,
    title text NOT NULL,
    items integer NOT NULL,
    sites integer NOT NULL,
    PRIMARY KEY (change_id, number)
);
CREATE TABLE change_lane (
    change_id bigint NOT NULL REFERENCES change,
    operator_id bigint NOT NULL REFERENCES operator,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'paused', 'done')),
    wave integer NOT NULL DEFAULT 1,
    forgiven integer NOT NULL DEFAULT 0,
    why text NOT NULL DEFAULT '',
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (change_id, operator_id)
);
CREATE INDEX change_lane_running ON change_lane (operator_id, change_id) WHERE state = 'running';

CREATE TABLE change_batch (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change_id bigint NOT NULL REFERENCES change,
    operator_id bigint NOT NULL REFERENCES operator,
    wave integer NOT NULL,
    key text NOT NULL UNIQUE,
    state text NOT NULL DEFAULT 'intended' CHECK (state IN ('intended', 'sent', 'settled', 'closed')),
    reference text,
    items integer NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    intended_at timestamptz NOT NULL,
    sent_at timestamptz,
    settled_at timestamptz,
    closed_at timestamptz,
    retry_at timestamptz,
    fallback text NOT NULL DEFAULT '',
    error text NOT NULL DEFAULT ''
);
CREATE INDEX change_batch_open ON change_batch (operator_id, id) WHERE state <> 'closed';
CREATE INDEX change_batch_change ON change_batch (change_id, id);
"""

# What is planned of an item does not change any more; how it goes on is few and narrow columns, so that an update
# stays cheap. The unique index is the promise that no two items work on a subscription at one moment.
_ITEMS = """
CREATE TABLE change_item (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change_id bigint NOT NULL REFERENCES change,
    position integer NOT NULL,
    wave integer NOT NULL,
    operator_id bigint NOT NULL REFERENCES operator,
    source_id bigint NOT NULL,
    fingerprint text NOT NULL,
    subscription_id bigint,
    ref text NOT NULL,
    version integer,
    site_id bigint,
    site text NOT NULL,
    site_name text NOT NULL,
    region text NOT NULL,
    criticality text NOT NULL,
    customers integer NOT NULL,
    link_id bigint,
    role text NOT NULL,
    card_id bigint,
    reservation_id bigint,
    undoes_id bigint,
    before jsonb NOT NULL,
    desired jsonb NOT NULL,
    notes jsonb NOT NULL,
    disruptive boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('blocked', 'planned', 'queued', 'sent', 'accepted', 'verified', 'failed',
        'conflict', 'cancelled')),
    grade smallint NOT NULL DEFAULT 0,
    reason_code text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    attempts smallint NOT NULL DEFAULT 0,
    applied boolean NOT NULL DEFAULT false,
    undone_by bigint,
    batch_id bigint,
    queued_at timestamptz,
    accepted_at timestamptz,
    operational_at timestamptz,
    seen_at timestamptz,
    in_service_at timestamptz,
    ended_at timestamptz,
    UNIQUE (change_id, position)
) WITH (fillfactor = 60);
CREATE INDEX change_item_state ON change_item (change_id, operator_id, state, wave, position);
CREATE INDEX change_item_batch ON change_item (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX change_item_subscription ON change_item (subscription_id);
CREATE INDEX change_item_source ON change_item (source_id);
CREATE INDEX change_item_site ON change_item (site_id) WHERE site_id IS NOT NULL;
CREATE INDEX change_item_exposed ON change_item (site_id)
    WHERE disruptive AND state IN ('queued', 'sent', 'accepted', 'failed');
CREATE UNIQUE INDEX change_item_one_at_a_time ON change_item (subscription_id)
    WHERE state IN ('queued', 'sent', 'accepted');
"""


def upgrade() -> None:
    """Make the tables."""
    for part in (_CHANGES, _LANES, _ITEMS):
        op.execute(part)


def downgrade() -> None:
    """Drop the tables."""
    op.execute(
        "DROP TABLE change_item, change_batch, change_lane, change_wave, change_hold, change_event, change_approval,"
        " change, standard_policy"
    )
