"""What subscriptions used, tariffs, and bills."""

from alembic import op

revision = "metering_0001"
down_revision = None
branch_labels = ("metering",)
depends_on = ("gateway_0001", "audit_0001")

# A row is a subscription's month, its days side by side: a thirtieth of the rows, and a month is read in one piece.
# NULL in a day: nothing is known of it.
_USAGE = """
CREATE TABLE usage_month (
    utility_id bigint NOT NULL REFERENCES utility,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    subscription text COLLATE "C" NOT NULL,
    up bigint[] NOT NULL,
    down bigint[] NOT NULL,
    sessions integer[] NOT NULL,
    PRIMARY KEY (utility_id, month, subscription)
) WITH (fillfactor = 70);
CREATE TABLE usage_day (
    utility_id bigint NOT NULL REFERENCES utility,
    day date NOT NULL,
    closed_at timestamptz NOT NULL,
    PRIMARY KEY (utility_id, day)
);
CREATE TABLE usage_correction (
    utility_id bigint NOT NULL REFERENCES utility,
    subscription text COLLATE "C" NOT NULL,
    day date NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL,
    PRIMARY KEY (utility_id, subscription, day)
);
CREATE INDEX usage_correction_at ON usage_correction (utility_id, at);
"""

_BILLS = """
CREATE TABLE tariff (
    plan text PRIMARY KEY,
    terms jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL
);
CREATE TABLE bill (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id bigint NOT NULL REFERENCES utility,
    number text NOT NULL UNIQUE,
    month date NOT NULL,
    lines integer NOT NULL,
    total numeric NOT NULL,
    currency text NOT NULL,
    file bytea NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL
);
ALTER TABLE bill ALTER COLUMN file SET STORAGE EXTERNAL;
CREATE INDEX bill_utility ON bill (utility_id, id);
"""


def upgrade() -> None:
    op.execute(_USAGE)
    op.execute(_BILLS)


def downgrade() -> None:
    op.execute("DROP TABLE bill, tariff, usage_correction, usage_day, usage_month")
