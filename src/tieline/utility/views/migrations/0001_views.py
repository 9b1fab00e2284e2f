"""Saved views of lists, and what each person chose about them."""

from alembic import op

revision = "views_0001"
down_revision = None
branch_labels = ("views",)
depends_on = ()

VIEWS = """
CREATE TABLE saved_view (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    list_key text NOT NULL,
    path text NOT NULL CHECK (length(path) BETWEEN 1 AND 200),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    query text NOT NULL DEFAULT '' CHECK (length(query) <= 2000),
    hidden text[] CHECK (cardinality(hidden) <= 60),
    owner text NOT NULL,
    shared boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX saved_view_name ON saved_view (owner, path, lower(name));
CREATE INDEX saved_view_shared ON saved_view (path) WHERE shared;
CREATE TABLE saved_view_choice (
    person text NOT NULL,
    view_id bigint NOT NULL REFERENCES saved_view ON DELETE CASCADE,
    path text NOT NULL,
    is_default boolean NOT NULL DEFAULT false,
    pin text NOT NULL DEFAULT 'none' CHECK (pin IN ('none', 'navigation', 'list')),
    position integer,
    PRIMARY KEY (person, view_id)
);
CREATE UNIQUE INDEX saved_view_choice_default ON saved_view_choice (person, path) WHERE is_default;
CREATE INDEX saved_view_choice_view ON saved_view_choice (view_id);
"""


def upgrade() -> None:
    op.execute(VIEWS)


def downgrade() -> None:
    op.execute("DROP TABLE saved_view_choice, saved_view")
