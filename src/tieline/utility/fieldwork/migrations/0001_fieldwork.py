"""Crews, work orders, visits and their steps, what crews report, and their pictures."""

from alembic import op

revision = "fieldwork_0001"
down_revision = None
branch_labels = ("fieldwork",)
depends_on = ("inventory_0001", "identity_0001")

_CREWS = """
CREATE TABLE crew (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (code ~ '^[A-Za-z0-9_-]{1,32}$'),
    name text NOT NULL,
    region text,
    active boolean NOT NULL DEFAULT true,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE crew_member (
    account_id bigint PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    crew_id bigint NOT NULL REFERENCES crew
);
CREATE INDEX crew_member_crew ON crew_member (crew_id);
CREATE TABLE work_order (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    crew_id bigint NOT NULL REFERENCES crew,
    region text,
    day date NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'cancelled')),
    state_why text NOT NULL DEFAULT '',
    km double precision NOT NULL DEFAULT 0 CHECK (km >= 0),
    km_given double precision NOT NULL DEFAULT 0 CHECK (km_given >= 0),
    minutes double precision NOT NULL DEFAULT 0 CHECK (minutes >= 0),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX work_order_day ON work_order (day, id);
CREATE INDEX work_order_crew ON work_order (crew_id, day);
"""

_VISITS = """
CREATE TABLE visit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id bigint NOT NULL REFERENCES site,
    origin text COLLATE "C" NOT NULL,
    origin_key text COLLATE "C" NOT NULL,
    title text NOT NULL,
    due_at timestamptz,
    minutes integer NOT NULL DEFAULT 45 CHECK (minutes BETWEEN 1 AND 1440),
    attempt integer NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    state text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'on_site', 'left', 'finished', 'cancelled')),
    state_why text NOT NULL DEFAULT '',
    order_id bigint REFERENCES work_order,
    position integer NOT NULL DEFAULT 0,
    arrived_at timestamptz,
    left_at timestamptz,
    finished_at timestamptz,
    outcome text CHECK (outcome IN ('done', 'again', 'not-possible')),
    outcome_why text NOT NULL DEFAULT '',
    trouble text NOT NULL DEFAULT '',
    router text NOT NULL DEFAULT '',
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (origin, origin_key)
);
CREATE INDEX visit_site ON visit (site_id);
CREATE INDEX visit_order ON visit (order_id, position) WHERE order_id IS NOT NULL;
CREATE INDEX visit_waiting ON visit (id) WHERE order_id IS NULL AND state = 'planned';
CREATE INDEX visit_state ON visit (state, id);
CREATE TABLE visit_step (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    visit_id bigint NOT NULL REFERENCES visit ON DELETE CASCADE,
    position integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    link_role text NOT NULL CHECK (link_role IN ('primary', 'backup')),
    operator text COLLATE "C" NOT NULL,
    old_subscription_id bigint,
    new_subscription_id bigint,
    new_iccid text COLLATE "C" NOT NULL DEFAULT '',
    words text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'closed' CHECK (state IN ('closed', 'open', 'fitted', 'testing', 'passed', 'failed')),
    iccid text COLLATE "C" NOT NULL DEFAULT '',
    imei text COLLATE "C" NOT NULL DEFAULT '',
    fitted_at timestamptz,
    asked_at timestamptz,
    answered_at timestamptz,
    checks jsonb NOT NULL DEFAULT '[]',
    said text NOT NULL DEFAULT '',
    UNIQUE (visit_id, key),
    UNIQUE (visit_id, position)
);
CREATE INDEX visit_step_iccid ON visit_step (new_iccid) WHERE new_iccid <> '';
"""

# What a phone says is kept as it came, whatever became of it; a picture's file lies under the data folder.
_REPORTS = """
CREATE TABLE field_report (
    id uuid PRIMARY KEY,
    visit_id bigint REFERENCES visit,
    named_visit bigint NOT NULL,
    account_id bigint,
    crew_id bigint REFERENCES crew,
    actor text NOT NULL,
    phone text COLLATE "C" NOT NULL DEFAULT '',
    seq bigint NOT NULL DEFAULT 0,
    kind text NOT NULL,
    body jsonb NOT NULL,
    digest bytea NOT NULL,
    phone_at timestamptz,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('accepted', 'refused', 'held')),
    rule text NOT NULL DEFAULT '',
    sentence text NOT NULL DEFAULT '',
    advice text NOT NULL DEFAULT '',
    looked_by text,
    looked_at timestamptz,
    looked_note text NOT NULL DEFAULT ''
);
CREATE INDEX field_report_visit ON field_report (visit_id, received_at);
CREATE INDEX field_report_attention ON field_report (received_at) WHERE state <> 'accepted' AND looked_at IS NULL;
CREATE INDEX field_report_held ON field_report (account_id, phone, seq) WHERE state = 'held';
CREATE TABLE field_phone (
    account_id bigint NOT NULL,
    phone text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, phone)
);
CREATE TABLE field_photo (
    id uuid PRIMARY KEY,
    visit_id bigint NOT NULL REFERENCES visit,
    account_id bigint,
    actor text NOT NULL,
    media_type text NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png')),
    width integer NOT NULL,
    height integer NOT NULL,
    size_bytes integer NOT NULL,
    sha256 text NOT NULL,
    file text NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX field_photo_visit ON field_photo (visit_id, received_at);
"""

_TABLES = "field_photo, field_phone, field_report, visit_step, visit, work_order, crew_member, crew"


def upgrade() -> None:
    """Make the tables."""
    for part in (_CREWS, _VISITS, _REPORTS):
        op.execute(part)


def downgrade() -> None:
    """Drop the tables and all that is in them."""
    op.execute(f"DROP TABLE {_TABLES}")
