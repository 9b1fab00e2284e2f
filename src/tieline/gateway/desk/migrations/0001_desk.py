"""Notices to utilities, their revisions, utilities' answers, and the hub that tells of them."""

from alembic import op

revision = "desk_0001"
down_revision = None
branch_labels = ("desk",)
depends_on = ("gateway_0003",)

# content is what is published now; draft what is written and not published yet. audience NULL: every utility.
_NOTICES = """
CREATE TABLE notice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ref text COLLATE "C" NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('phase-out', 'planned-work')),
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'published', 'withdrawn')),
    approval boolean NOT NULL,
    audience text[],
    draft jsonb,
    content jsonb,
    revision integer NOT NULL DEFAULT 0,
    reason text NOT NULL DEFAULT '',
    published_at timestamptz,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL
);
CREATE TABLE notice_revision (
    notice_id bigint NOT NULL REFERENCES notice ON DELETE CASCADE,
    revision integer NOT NULL,
    content jsonb NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL,
    PRIMARY KEY (notice_id, revision)
);
CREATE TABLE notice_answer (
    notice_id bigint NOT NULL REFERENCES notice ON DELETE CASCADE,
    utility_id bigint NOT NULL REFERENCES utility,
    revision integer NOT NULL,
    status text NOT NULL CHECK (status IN ('approved', 'rejected')),
    reason text NOT NULL,
    notes jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (notice_id, utility_id)
);
"""

_HUB = """
CREATE TABLE hub (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id bigint NOT NULL REFERENCES utility,
    callback text NOT NULL,
    query text,
    created_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    retry_at timestamptz NOT NULL,
    last_error text,
    delivered bigint NOT NULL DEFAULT 0,
    delivered_at timestamptz
);
CREATE UNIQUE INDEX hub_callback ON hub (utility_id, md5(callback), md5(coalesce(query, '')));
CREATE TABLE hub_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hub_id bigint NOT NULL REFERENCES hub ON DELETE CASCADE,
    type text NOT NULL,
    body json NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX hub_event_hub ON hub_event (hub_id, id);
"""


def upgrade() -> None:
    """Make the tables."""
    for part in (_NOTICES, _HUB):
        op.execute(part)


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP TABLE hub_event, hub, notice_answer, notice_revision, notice")
