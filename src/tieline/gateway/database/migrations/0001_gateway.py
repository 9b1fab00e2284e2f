"""Tables of a gateway: utilities, their managed objects, the change log, plans, notifications, the network's orders."""

from alembic import op

revision = "gateway_0001"
down_revision = None
branch_labels = ("gateway",)
depends_on = None

UTILITY = """
CREATE TABLE utility (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    notification_hosts text[] NOT NULL DEFAULT '{}',
    calls_per_second double precision NOT NULL CHECK (calls_per_second > 0),
    max_changes_per_plan integer NOT NULL CHECK (max_changes_per_plan > 0),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE utility_certificate (
    fingerprint text PRIMARY KEY CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
    utility_id bigint NOT NULL REFERENCES utility
);
CREATE INDEX utility_certificate_utility ON utility_certificate (utility_id);
"""

# A path is the name from the root, levels joined by the unit separator, which no identifier can hold. In "C" order
# everything below an object is one range, and brothers of one class stand together.
# Few indexes and a loose fill: an operational report touches no indexed column and stays on its page.
OBJECTS = """
CREATE TABLE managed_object (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id bigint NOT NULL REFERENCES utility,
    path text COLLATE "C" NOT NULL,
    class text NOT NULL,
    name text NOT NULL,
    depth smallint NOT NULL,
    attributes jsonb NOT NULL,
    observed jsonb NOT NULL DEFAULT '{}',
    version integer NOT NULL DEFAULT 1,
    last_modified_at timestamptz NOT NULL,
    last_modified_by text NOT NULL,
    last_plan text,
    UNIQUE (utility_id, path)
) WITH (fillfactor = 70);
CREATE INDEX managed_object_name ON managed_object (utility_id, name);
CREATE INDEX managed_object_plan ON managed_object (utility_id, last_plan) WHERE last_plan IS NOT NULL;
CREATE INDEX managed_object_state ON managed_object (utility_id, class, (attributes -> 'state'));

CREATE TABLE change_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id bigint NOT NULL REFERENCES utility,
    at timestamptz NOT NULL,
    party text NOT NULL CHECK (party IN ('utility', 'staff', 'network')),
    source text NOT NULL,
    operation text NOT NULL CHECK (operation IN ('created', 'changed', 'deleted')),
    dn text NOT NULL,
    version integer NOT NULL,
    before jsonb,
    after jsonb,
    reason text,
    job_id bigint,
    change text
);
CREATE INDEX change_log_utility ON change_log (utility_id, id);
CREATE INDEX change_log_job ON change_log (job_id, id) WHERE job_id IS NOT NULL;
CREATE INDEX change_log_dn ON change_log USING hash (dn);
"""

# Contents and answers come compressed: the database is not to try it again.
PLANS = """
CREATE TABLE plan_content (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id bigint NOT NULL REFERENCES utility,
    changes bytea NOT NULL,
    size integer NOT NULL
);
ALTER TABLE plan_content ALTER COLUMN changes SET STORAGE EXTERNAL;
CREATE TABLE plan_descriptor (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id bigint NOT NULL REFERENCES utility,
    name text,
    properties jsonb NOT NULL,
    activation_mode text NOT NULL CHECK (activation_mode IN ('ATOMIC', 'BEST_EFFORT', 'STOP_ON_ERROR')),
    validation_state text NOT NULL DEFAULT 'NOT_VALIDATED'
        CHECK (validation_state IN ('NOT_VALIDATED', 'VALID', 'INVALID')),
    last_modified_at timestamptz NOT NULL,
    last_validated_at timestamptz,
    content_id bigint NOT NULL REFERENCES plan_content,
    deleted boolean NOT NULL DEFAULT false
);
CREATE INDEX plan_descriptor_name ON plan_descriptor (utility_id, name) WHERE NOT deleted;
CREATE INDEX plan_descriptor_utility ON plan_descriptor (utility_id, id) WHERE NOT deleted;

CREATE TABLE plan_group (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id bigint NOT NULL REFERENCES utility,
    name text,
    properties jsonb NOT NULL,
    members jsonb NOT NULL,
    is_ordered boolean NOT NULL,
    is_fail_on_member_conflicts boolean NOT NULL,
    activation_mode text NOT NULL CHECK (activation_mode IN ('ATOMIC', 'BEST_EFFORT', 'STOP_ON_ERROR')),
    validation_state text NOT NULL DEFAULT 'NOT_VALIDATED'
        CHECK (validation_state IN ('NOT_VALIDATED', 'PARTIALLY_VALID', 'VALID', 'INVALID')),
    last_modified_at timestamptz NOT NULL,
    last_validated_at timestamptz
);
CREATE INDEX plan_group_utility ON plan_group (utility_id, id);

CREATE TABLE plan_job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id bigint NOT NULL REFERENCES utility,
    kind text NOT NULL CHECK (kind IN ('activation', 'validation')),
    name text,
    request jsonb NOT NULL,
    requested_by text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('ATOMIC', 'BEST_EFFORT', 'STOP_ON_ERROR', 'CONTINUE_ON_ERROR')),
    parts jsonb NOT NULL,
    fallback_of bigint REFERENCES plan_job,
    fallback text NOT NULL DEFAULT 'off' CHECK (fallback IN ('off', 'wanted', 'kept', 'deleted')),
    state text NOT NULL CHECK (state IN
        ('NOT_STARTED', 'QUEUED', 'RUNNING', 'CANCELLING', 'CANCELLED', 'COMPLETED', 'FAILED')),
    cancel_requested boolean NOT NULL DEFAULT false,
    message text,
    total integer NOT NULL,
    position integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    rolled_back integer NOT NULL DEFAULT 0,
    conflicts jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    stopped_at timestamptz
);
CREATE INDEX plan_job_list ON plan_job (utility_id, kind, id);
CREATE INDEX plan_job_name ON plan_job (utility_id, kind, name);
CREATE INDEX plan_job_open ON plan_job (id) WHERE state IN ('QUEUED', 'RUNNING', 'CANCELLING');
CREATE INDEX plan_job_fallback ON plan_job (utility_id, id) WHERE fallback = 'kept';
CREATE INDEX plan_job_undoes ON plan_job (fallback_of) WHERE fallback_of IS NOT NULL;

CREATE TABLE plan_failure (
    job_id bigint NOT NULL REFERENCES plan_job ON DELETE CASCADE,
    position integer NOT NULL,
    errors jsonb NOT NULL,
    PRIMARY KEY (job_id, position)
);

CREATE TABLE answered_call (
    utility_id bigint NOT NULL REFERENCES utility,
    key text NOT NULL,
    digest bytea NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (utility_id, key)
);
ALTER TABLE answered_call ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX answered_call_at ON answered_call (at);
"""

NOTIFICATIONS = """
CREATE TABLE recipient (
    object_id bigint PRIMARY KEY REFERENCES managed_object ON DELETE CASCADE,
    utility_id bigint NOT NULL REFERENCES utility,
    attempts integer NOT NULL DEFAULT 0,
    retry_at timestamptz NOT NULL DEFAULT now(),
    last_error text,
    delivered bigint NOT NULL DEFAULT 0,
    delivered_at timestamptz,
    heartbeat_s integer NOT NULL DEFAULT 0,
    heartbeat_due_at timestamptz
);
CREATE INDEX recipient_utility ON recipient (utility_id);
CREATE TABLE notification (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipient_id bigint NOT NULL REFERENCES recipient ON DELETE CASCADE,
    type text NOT NULL CHECK (type IN ('created', 'deleted', 'changed', 'heartbeat', 'resync')),
    path text NOT NULL,
    source text NOT NULL,
    body json NOT NULL,
    copies smallint NOT NULL DEFAULT 1,
    event_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL
);
CREATE INDEX notification_recipient ON notification (recipient_id, id);
"""

NETWORK = """
CREATE TABLE network_order (
    object_id bigint PRIMARY KEY REFERENCES managed_object ON DELETE CASCADE,
    utility_id bigint NOT NULL REFERENCES utility,
    subscription text NOT NULL,
    version integer NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL
);
CREATE INDEX network_order_due ON network_order (due_at);
CREATE TABLE simulated_faults (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    document jsonb NOT NULL
);
CREATE TABLE simulated_strike (
    rule integer NOT NULL,
    subscription text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (rule, subscription)
);
"""

TABLES = (
    "simulated_strike, simulated_faults, network_order, notification, recipient, answered_call, plan_failure, "
    "plan_job, plan_group, plan_descriptor, plan_content, change_log, managed_object, utility_certificate, utility"
)


def upgrade() -> None:
    for statements in (UTILITY, OBJECTS, PLANS, NOTIFICATIONS, NETWORK):
        op.execute(statements)


def downgrade() -> None:
    op.execute(f"DROP TABLE {TABLES}")
