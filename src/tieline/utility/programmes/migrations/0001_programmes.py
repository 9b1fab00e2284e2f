"""Programmes, their sites and links, the changes that they made, and what has happened in the field for them."""

from alembic import op

revision = "programmes_0001"
down_revision = None
branch_labels = ("programmes",)
depends_on = ("inventory_0002", "changes_0003")

_PROGRAMMES = """
CREATE TABLE programme (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    technology text NOT NULL CHECK (technology IN ('2G', '3G')),
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'running', 'paused', 'closed')),
    state_why text NOT NULL DEFAULT '',
    notice_ids bigint[] NOT NULL DEFAULT '{}',
    terms jsonb NOT NULL,
    created_by text NOT NULL,
    created_by_user bigint,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    closed_at timestamptz
);
CREATE TABLE programme_change (
    programme_id bigint NOT NULL REFERENCES programme,
    change_id bigint PRIMARY KEY REFERENCES change,
    part text NOT NULL CHECK (part IN ('prepare', 'cutover', 'retire')),
    title text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    taken_at timestamptz
);
CREATE INDEX programme_change_programme ON programme_change (programme_id, change_id);
"""

# A site is live in one programme at a time: two would send two crews.
_SITES = """
CREATE TABLE programme_site (
    programme_id bigint NOT NULL REFERENCES programme,
    site_id bigint NOT NULL REFERENCES site,
    region text NOT NULL,
    phase text NOT NULL DEFAULT '',
    due_at timestamptz,
    state text NOT NULL DEFAULT 'selected' CHECK (state IN ('selected', 'preparing', 'ready', 'scheduled', 'on_site',
        'again', 'blocked', 'dwelling', 'retiring', 'done', 'left_out')),
    why text NOT NULL DEFAULT '',
    attempts smallint NOT NULL DEFAULT 0,
    visit_id bigint,
    change_id bigint,
    on_site_at timestamptz,
    field_done_at timestamptz,
    dwell_until timestamptz,
    done_at timestamptz,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (programme_id, site_id)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX programme_site_once ON programme_site (site_id) WHERE state NOT IN ('done', 'left_out');
CREATE INDEX programme_site_state ON programme_site (programme_id, state, region, due_at, site_id);
CREATE INDEX programme_site_let_go ON programme_site (programme_id, site_id)
    WHERE state IN ('again', 'blocked', 'left_out') AND change_id IS NOT NULL;
CREATE INDEX programme_site_dwell ON programme_site (dwell_until) WHERE state = 'dwelling';
CREATE INDEX programme_site_field_done ON programme_site (programme_id, field_done_at)
    WHERE field_done_at IS NOT NULL;

CREATE TABLE programme_link (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme_id bigint NOT NULL,
    site_id bigint NOT NULL,
    position smallint NOT NULL,
    key text NOT NULL,
    role text NOT NULL,
    operator_id bigint NOT NULL REFERENCES operator,
    old_link_id bigint,
    old_subscription_id bigint NOT NULL REFERENCES subscription,
    new_subscription_id bigint REFERENCES subscription,
    new_iccid text NOT NULL DEFAULT '',
    new_link_id bigint,
    state text NOT NULL DEFAULT 'old' CHECK (state IN ('old', 'prepared', 'fitted', 'cutting', 'testing', 'passed',
        'retired')),
    fitted_at timestamptz,
    cut_at timestamptz,
    test_asked_at timestamptz,
    probe_asked_at timestamptz,
    probes smallint NOT NULL DEFAULT 0,
    passed_at timestamptz,
    retired_at timestamptz,
    checks jsonb NOT NULL DEFAULT '[]',
    UNIQUE (programme_id, old_subscription_id),
    UNIQUE (programme_id, site_id, position),
    FOREIGN KEY (programme_id, site_id) REFERENCES programme_site ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX programme_link_busy ON programme_link (state, id) WHERE state IN ('fitted', 'testing');
CREATE INDEX programme_link_unfit ON programme_link (id)
    WHERE state IN ('old', 'prepared') AND test_asked_at IS NOT NULL;
CREATE INDEX programme_link_old ON programme_link (old_subscription_id);
CREATE INDEX programme_link_new ON programme_link (new_subscription_id) WHERE new_subscription_id IS NOT NULL;
"""

_EVENTS = """
CREATE TABLE programme_inbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme_id bigint NOT NULL,
    site_id bigint NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL
);
CREATE TABLE programme_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme_id bigint NOT NULL REFERENCES programme,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX programme_event_programme ON programme_event (programme_id, id);
"""


def upgrade() -> None:
    """Make the tables."""
    for part in (_PROGRAMMES, _SITES, _EVENTS):
        op.execute(part)


def downgrade() -> None:
    """Drop the tables."""
    op.execute(
        "DROP TABLE programme_event, programme_inbox, programme_link, programme_site, programme_change, programme"
    )
