"""What came of changes, reviews after them, and templates of changes."""

from alembic import op

revision = "changes_0006"
down_revision = "changes_0005"
branch_labels = None
depends_on = None

# Counted once when a change ends: lists and reports over many changes read rows, not items.
_OUTCOMES = """
CREATE TABLE change_outcome (
    change_id bigint PRIMARY KEY REFERENCES change,
    ended_at timestamptz NOT NULL,
    planned integer NOT NULL,
    verified integer NOT NULL,
    failed integer NOT NULL,
    conflict integer NOT NULL,
    cancelled integer NOT NULL,
    left_out integer NOT NULL,
    seconds double precision NOT NULL,
    least_seconds double precision,
    most_seconds double precision,
    sites_expected integer NOT NULL,
    sites_hurt integer NOT NULL,
    by_operator jsonb NOT NULL,
    regions text[] NOT NULL,
    reasons jsonb NOT NULL
);
CREATE INDEX change_outcome_ended ON change_outcome (ended_at DESC, change_id DESC);
CREATE TABLE change_review (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change_id bigint NOT NULL REFERENCES change,
    worked text NOT NULL CHECK (worked IN ('yes', 'partly', 'no')),
    note text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX change_review_change ON change_review (change_id, id);
"""
_TEMPLATES = """
CREATE TABLE change_template (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    retired_by text,
    retired_at timestamptz
);
CREATE TABLE change_template_version (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    template_id bigint NOT NULL REFERENCES change_template,
    version integer NOT NULL,
    body jsonb NOT NULL,
    note text NOT NULL DEFAULT '',
    created_by text NOT NULL,
    created_by_user bigint,
    created_at timestamptz NOT NULL,
    approved_by text,
    approved_at timestamptz,
    UNIQUE (template_id, version)
);
ALTER TABLE standard_policy ADD COLUMN template_version_id bigint REFERENCES change_template_version;
"""


def upgrade() -> None:
    """Make the tables; what came of earlier changes is counted by the job."""
    for part in (_OUTCOMES, _TEMPLATES):
        op.execute(part)


def downgrade() -> None:
    """Drop them. A policy that stands on a template would bind nothing any more, so that it goes out of force."""
    op.execute("UPDATE standard_policy SET retired_at = now() WHERE template_version_id IS NOT NULL")
    op.execute("ALTER TABLE standard_policy DROP COLUMN template_version_id")
    op.execute("DROP TABLE change_template_version, change_template, change_review, change_outcome")
