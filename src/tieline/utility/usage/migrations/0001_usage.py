"""What subscriptions use and cost: volumes by day, contracts and tariffs, statements, findings, bills."""

from alembic import op

revision = "usage_0001"
down_revision = None
branch_labels = ("usage",)
depends_on = ("connectors_0001", "inventory_0001")

# A row is a subscription's month, its days side by side: a thirtieth of the rows, and a month is summed in one look.
# NULL in a day: nothing is known of it. What is told later takes the place of what was told before, day by day.
_FUNCTIONS = """
CREATE FUNCTION usage_merged(newer anyarray, older anyarray) RETURNS anyarray LANGUAGE sql IMMUTABLE AS
$$ SELECT array_agg(coalesce(n, o) ORDER BY i) FROM unnest(newer, older) WITH ORDINALITY AS x(n, o, i) $$;
CREATE FUNCTION usage_sum(days bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce(sum(day), 0)::bigint FROM unnest(days) AS day $$;
CREATE FUNCTION usage_last(up bigint[], down bigint[]) RETURNS smallint LANGUAGE sql IMMUTABLE AS
$$ SELECT max(i)::smallint FROM unnest(up, down) WITH ORDINALITY AS x(u, d, i)
   WHERE coalesce(u, 0) + coalesce(d, 0) > 0 $$;
"""

_VOLUMES = """
CREATE TABLE usage_month (
    operator_id bigint NOT NULL REFERENCES operator,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    ref text COLLATE "C" NOT NULL,
    up bigint[] NOT NULL,
    down bigint[] NOT NULL,
    sessions integer[] NOT NULL,
    octets bigint GENERATED ALWAYS AS (usage_sum(up) + usage_sum(down)) STORED,
    last_used smallint GENERATED ALWAYS AS (usage_last(up, down)) STORED,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, month, ref)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.1);
CREATE INDEX usage_month_octets ON usage_month (operator_id, month, octets DESC, ref);
CREATE TABLE usage_day (
    operator_id bigint NOT NULL REFERENCES operator,
    day date NOT NULL,
    records integer NOT NULL,
    source text NOT NULL CHECK (source IN ('operator', 'file')),
    read_at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, day)
);
CREATE TABLE usage_feed (
    operator_id bigint PRIMARY KEY REFERENCES operator,
    corrected_until timestamptz,
    read_at timestamptz,
    failed_at timestamptz,
    error text NOT NULL DEFAULT ''
);
"""

_CONTRACTS = """
CREATE TABLE usage_contract (
    operator_id bigint PRIMARY KEY REFERENCES operator,
    reference text NOT NULL DEFAULT '',
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    billing_day smallint NOT NULL DEFAULT 1 CHECK (billing_day BETWEEN 1 AND 28),
    octets_per_mb integer NOT NULL DEFAULT 1000000 CHECK (octets_per_mb IN (1000000, 1048576)),
    minimum_months smallint NOT NULL DEFAULT 0 CHECK (minimum_months BETWEEN 0 AND 120),
    billed_states text[] NOT NULL DEFAULT '{ACTIVE,SUSPENDED}'
        CHECK (billed_states <@ ARRAY['INVENTORY', 'TEST_READY', 'ACTIVE', 'SUSPENDED', 'RETIRED']),
    silent_days smallint NOT NULL DEFAULT 30 CHECK (silent_days BETWEEN 1 AND 400),
    version integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by text NOT NULL
);
CREATE TABLE usage_tariff (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES usage_contract ON DELETE CASCADE,
    plan text NOT NULL,
    valid_from date NOT NULL,
    valid_to date CHECK (valid_to >= valid_from),
    monthly_fee numeric(14,6) NOT NULL CHECK (monthly_fee >= 0),
    included_mb integer NOT NULL CHECK (included_mb >= 0),
    pooled boolean NOT NULL,
    prorated boolean NOT NULL,
    overage_per_mb numeric(14,6) NOT NULL CHECK (overage_per_mb >= 0),
    step_octets integer NOT NULL CHECK (step_octets > 0),
    usual_mb integer CHECK (usual_mb > 0),
    apns text[] NOT NULL DEFAULT '{}',
    groups text[] NOT NULL DEFAULT '{}',
    UNIQUE (operator_id, plan, valid_from)
);
CREATE TABLE usage_terms_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operator,
    plan text NOT NULL DEFAULT '',
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    before jsonb,
    after jsonb
);
CREATE INDEX usage_terms_history_operator ON usage_terms_history (operator_id, id DESC);
-- On which plan a subscription was, from a day on until the day before another. imported: a file said so, and it stays.
CREATE TABLE usage_member (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operator,
    subscription_id bigint NOT NULL REFERENCES subscription,
    ref text COLLATE "C" NOT NULL,
    plan text NOT NULL,
    from_day date NOT NULL,
    to_day date CHECK (to_day >= from_day),
    imported boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX usage_member_open ON usage_member (subscription_id) WHERE to_day IS NULL;
CREATE INDEX usage_member_operator ON usage_member (operator_id, plan, ref);
CREATE INDEX usage_member_subscription ON usage_member (subscription_id, from_day);
"""

_STATEMENTS = """
CREATE TABLE usage_statement (
    operator_id bigint NOT NULL REFERENCES operator,
    first date NOT NULL,
    last date NOT NULL,
    plan text NOT NULL,
    currency text NOT NULL,
    members integer NOT NULL,
    octets bigint NOT NULL,
    allowance bigint NOT NULL,
    beyond bigint NOT NULL,
    fee numeric(16,2) NOT NULL,
    overage numeric(16,2) NOT NULL,
    forecast_octets bigint,
    forecast_overage numeric(16,2),
    forecast_beyond bigint,
    runs_over_on date,
    daily bigint[] NOT NULL,
    known_until date,
    rated_at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, first, plan)
);
"""

_FINDINGS = """
CREATE TABLE usage_finding (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operator,
    kind text NOT NULL CHECK (kind IN ('high', 'silent', 'unexpected', 'pool')),
    key text COLLATE "C" NOT NULL,
    subscription_id bigint REFERENCES subscription,
    ref text NOT NULL DEFAULT '',
    plan text NOT NULL DEFAULT '',
    evidence jsonb NOT NULL,
    cost numeric(16,2),
    first_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    gone_at timestamptz,
    acknowledged_by text,
    acknowledged_at timestamptz,
    words text NOT NULL DEFAULT '',
    UNIQUE (operator_id, key)
);
CREATE INDEX usage_finding_open ON usage_finding (kind, id) WHERE gone_at IS NULL;
CREATE INDEX usage_finding_subscription ON usage_finding (subscription_id) WHERE subscription_id IS NOT NULL;
"""

_BILLS = """
CREATE TABLE usage_bill (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operator,
    number text NOT NULL,
    first date NOT NULL,
    last date NOT NULL CHECK (last >= first),
    currency text NOT NULL,
    file_name text NOT NULL,
    sha256 text NOT NULL,
    state text NOT NULL CHECK (state IN ('received', 'checked', 'accepted', 'disputed')),
    lines integer NOT NULL,
    bad_lines integer NOT NULL DEFAULT 0,
    problems jsonb NOT NULL DEFAULT '[]',
    claimed numeric(16,2) NOT NULL,
    expected numeric(16,2),
    counts jsonb NOT NULL DEFAULT '{}',
    received_at timestamptz NOT NULL,
    received_by text NOT NULL,
    checked_at timestamptz,
    decided_at timestamptz,
    decided_by text,
    words text NOT NULL DEFAULT '',
    UNIQUE (operator_id, number),
    UNIQUE (operator_id, sha256)
);
CREATE TABLE usage_bill_line (
    bill_id bigint NOT NULL REFERENCES usage_bill ON DELETE CASCADE,
    position integer NOT NULL,
    line integer,
    ref text NOT NULL,
    iccid text NOT NULL DEFAULT '',
    msisdn text NOT NULL DEFAULT '',
    plan text NOT NULL DEFAULT '',
    charge text NOT NULL CHECK (charge IN ('fee', 'overage', 'pool-overage', 'other')),
    days integer,
    volume_mb numeric(20,6),
    rate numeric(14,6),
    amount numeric(16,2),
    subscription_id bigint REFERENCES subscription,
    verdict text CHECK (verdict IN ('explained', 'differs', 'not-ours', 'after-end', 'repeated', 'missing')),
    expected numeric(16,2),
    why text NOT NULL DEFAULT '',
    PRIMARY KEY (bill_id, position)
);
CREATE INDEX usage_bill_line_verdict ON usage_bill_line (bill_id, verdict, position);
"""

_TABLES = (
    "usage_bill_line, usage_bill, usage_finding, usage_statement, usage_member, usage_terms_history, usage_tariff,"
    " usage_contract, usage_feed, usage_day, usage_month"
)


def upgrade() -> None:
    for statements in (_FUNCTIONS, _VOLUMES, _CONTRACTS, _STATEMENTS, _FINDINGS, _BILLS):
        op.execute(statements)


def downgrade() -> None:
    op.execute(f"DROP TABLE {_TABLES}")
    op.execute("DROP FUNCTION usage_merged, usage_sum, usage_last")
