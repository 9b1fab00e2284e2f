"""The ledger of goods: places, items, movements; orders and deliveries; counts, losses, needs."""

from alembic import op

revision = "logistics_0001"
down_revision = None
branch_labels = ("logistics",)
depends_on = ("inventory_0001",)

_PLACES = """
CREATE TABLE stock_place (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('supplier', 'warehouse', 'crew', 'site', 'repair', 'scrap', 'lost')),
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    region text,
    crew_id bigint UNIQUE,
    site_id bigint UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, code)
);
INSERT INTO stock_place (kind, code, name) VALUES
    ('supplier', 'SUPPLIER', 'Suppliers'), ('warehouse', 'MAIN', 'Main warehouse'), ('repair', 'REPAIR', 'In repair'),
    ('scrap', 'SCRAP', 'Scrapped'), ('lost', 'LOST', 'Lost or stolen');
"""

_ORDERS = """
CREATE TABLE stock_order (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference text COLLATE "C" NOT NULL UNIQUE,
    goods text NOT NULL CHECK (goods IN ('card', 'router')),
    supplier text NOT NULL,
    operator text COLLATE "C",
    variety text NOT NULL DEFAULT '',
    generation text NOT NULL DEFAULT '',
    number integer NOT NULL CHECK (number > 0),
    expected_on date NOT NULL,
    note text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'complete', 'closed')),
    state_why text NOT NULL DEFAULT '',
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((goods = 'card') = (operator IS NOT NULL))
);
CREATE TABLE stock_delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES stock_order,
    place_id bigint NOT NULL REFERENCES stock_place,
    note text NOT NULL,
    file_name text NOT NULL,
    sha256 text NOT NULL,
    rows_read integer NOT NULL,
    rows_bad integer NOT NULL,
    accepted integer NOT NULL,
    problem_count integer NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    UNIQUE (order_id, sha256)
);
CREATE TABLE stock_delivery_problem (
    delivery_id bigint NOT NULL REFERENCES stock_delivery ON DELETE CASCADE,
    id integer NOT NULL,
    line bigint NOT NULL,
    field text NOT NULL,
    rule text NOT NULL,
    value text,
    message text NOT NULL,
    PRIMARY KEY (delivery_id, id)
);
"""

# An item is where its last movement took it: one statement writes both, and the balance compares them. That a
# movement's places exist follows from the item's own, so that they are not asked for a second time.
_LEDGER = """
CREATE TABLE stock_item (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    goods text NOT NULL CHECK (goods IN ('card', 'router')),
    serial text COLLATE "C" NOT NULL,
    thing_id bigint NOT NULL,
    operator text COLLATE "C",
    variety text NOT NULL DEFAULT '',
    generation text NOT NULL DEFAULT '',
    place_id bigint NOT NULL REFERENCES stock_place,
    since timestamptz NOT NULL,
    used boolean NOT NULL DEFAULT false,
    delivery_id bigint REFERENCES stock_delivery,
    UNIQUE (goods, serial),
    UNIQUE (goods, thing_id)
) WITH (fillfactor = 80);
CREATE INDEX stock_item_place ON stock_item (place_id, goods, id);
CREATE INDEX stock_item_serial_end ON stock_item (reverse(serial) COLLATE "C");
CREATE INDEX stock_item_delivery ON stock_item (delivery_id) WHERE delivery_id IS NOT NULL;

CREATE TABLE stock_batch (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text COLLATE "C" NOT NULL UNIQUE,
    digest text NOT NULL,
    act text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    reference text NOT NULL DEFAULT '',
    moved integer NOT NULL DEFAULT 0,
    already integer NOT NULL DEFAULT 0,
    refused jsonb NOT NULL DEFAULT '[]'
);
CREATE INDEX stock_batch_reference ON stock_batch (reference) WHERE reference <> '';

CREATE TABLE stock_movement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id bigint NOT NULL REFERENCES stock_batch,
    item_id bigint NOT NULL REFERENCES stock_item,
    from_place bigint,
    to_place bigint NOT NULL,
    state_before text NOT NULL DEFAULT '',
    state_after text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    irregular text NOT NULL DEFAULT '',
    at timestamptz NOT NULL
);
CREATE INDEX stock_movement_item ON stock_movement (item_id, id);
CREATE INDEX stock_movement_batch ON stock_movement (batch_id);
CREATE INDEX stock_movement_to ON stock_movement (to_place, id);
CREATE INDEX stock_movement_from ON stock_movement (from_place, id);
CREATE INDEX stock_movement_irregular ON stock_movement (id) WHERE irregular <> '';
"""

_GUARD = """
CREATE FUNCTION stock_movement_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger is only ever added to' USING ERRCODE = 'insufficient_privilege'; END $$;
CREATE TRIGGER stock_movement_only_adds BEFORE UPDATE OR DELETE OR TRUNCATE ON stock_movement
    FOR EACH STATEMENT EXECUTE FUNCTION stock_movement_refuse();
"""

_LOSSES = """
CREATE TABLE stock_loss (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id bigint NOT NULL REFERENCES stock_batch,
    change_id bigint UNIQUE,
    stolen boolean NOT NULL,
    why text NOT NULL,
    actor text NOT NULL,
    user_id bigint,
    operators text[],
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'running', 'blocked', 'stuck', 'nothing')),
    state_why text NOT NULL DEFAULT '',
    at timestamptz NOT NULL
);
CREATE INDEX stock_loss_batch ON stock_loss (batch_id);
"""

_COUNTS = """
CREATE TABLE stock_count (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    place_id bigint NOT NULL REFERENCES stock_place,
    goods text NOT NULL CHECK (goods IN ('card', 'router')),
    actor text NOT NULL,
    at timestamptz NOT NULL,
    listed integer NOT NULL,
    present integer NOT NULL,
    adjusted_at timestamptz,
    adjusted_by text,
    adjusted_why text NOT NULL DEFAULT ''
);
CREATE TABLE stock_count_difference (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    count_id bigint NOT NULL REFERENCES stock_count,
    serial text NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('missing', 'wrong_place', 'unexpected', 'unknown')),
    item_id bigint REFERENCES stock_item,
    place_id bigint REFERENCES stock_place,
    outcome text NOT NULL DEFAULT ''
);
CREATE INDEX stock_count_difference_count ON stock_count_difference (count_id, id);
"""

_NEEDS = """
CREATE TABLE stock_need (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    origin text COLLATE "C" NOT NULL,
    day date NOT NULL,
    goods text NOT NULL CHECK (goods IN ('card', 'router')),
    operator text COLLATE "C" NOT NULL DEFAULT '',
    variety text NOT NULL DEFAULT '',
    generation text NOT NULL DEFAULT '',
    number integer NOT NULL CHECK (number > 0)
);
CREATE INDEX stock_need_origin ON stock_need (origin, day);
"""


def upgrade() -> None:
    """Make the tables, and the places that every utility has."""
    for part in (_PLACES, _ORDERS, _LEDGER, _GUARD, _LOSSES, _COUNTS, _NEEDS):
        op.execute(part)


def downgrade() -> None:
    """Drop the tables and all that is in them."""
    op.execute(
        "DROP TABLE stock_need, stock_count_difference, stock_count, stock_loss, stock_movement, stock_batch,"
        " stock_item, stock_delivery_problem, stock_delivery, stock_order, stock_place"
    )
    op.execute("DROP FUNCTION stock_movement_refuse")
