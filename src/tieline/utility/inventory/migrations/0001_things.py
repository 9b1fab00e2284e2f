"""What the utility has: operators, sites, devices, cards, subscriptions, links, cells, addresses, and their history."""

from alembic import op

revision = "inventory_0001"
down_revision = None
branch_labels = ("inventory",)
depends_on = None

# Identifiers collate "C": their plain unique index then serves prefix search (LIKE 'x%') as well.
_OPERATORS = """
CREATE TABLE operator (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (code ~ '^[A-Za-z0-9_-]{1,32}$'),
    name text NOT NULL,
    plmns text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE contract (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operator,
    name text NOT NULL,
    calls_per_second numeric CHECK (calls_per_second > 0),
    max_batch integer CHECK (max_batch > 0),
    apns text[] NOT NULL DEFAULT '{}',
    data_plans text[] NOT NULL DEFAULT '{}',
    subscription_groups text[] NOT NULL DEFAULT '{}',
    details jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (operator_id, name)
);
"""

_SITES = """
CREATE TABLE site (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    external_id text COLLATE "C" NOT NULL UNIQUE,
    name text NOT NULL,
    name_folded text COLLATE "C" NOT NULL,
    words tsvector GENERATED ALWAYS AS (array_to_tsvector(string_to_array(name_folded, ' '))) STORED,
    kind text NOT NULL DEFAULT 'other'
        CHECK (kind IN ('grid_supply_point', 'bulk_supply_point', 'primary', 'secondary', 'other')),
    stand_in boolean NOT NULL DEFAULT false,
    lat double precision CHECK (lat BETWEEN -90 AND 90),
    lon double precision CHECK (lon BETWEEN -180 AND 180),
    region text,
    district text,
    postcode text,
    postcode_key text COLLATE "C" GENERATED ALWAYS AS (upper(replace(postcode, ' ', ''))) STORED,
    voltage_kv double precision CHECK (voltage_kv >= 0),
    customers integer CHECK (customers >= 0),
    criticality text NOT NULL DEFAULT 'normal' CHECK (criticality IN ('normal', 'high', 'critical')),
    parent_id bigint REFERENCES site,
    created_at timestamptz NOT NULL DEFAULT now(),
    import_id bigint
);
CREATE INDEX site_words ON site USING gin (words);
CREATE INDEX site_name ON site (name_folded, id);
CREATE INDEX site_postcode ON site (postcode_key);
CREATE INDEX site_region ON site (region);
CREATE INDEX site_parent ON site (parent_id);
CREATE INDEX site_external_id_end ON site (reverse(external_id) COLLATE "C");

CREATE TABLE device (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    external_id text COLLATE "C" NOT NULL UNIQUE,
    site_id bigint REFERENCES site,
    make text,
    model text,
    imei text COLLATE "C" UNIQUE,
    generations text[] NOT NULL DEFAULT '{}' CHECK (generations <@ ARRAY['2G', '3G', '4G', '5G']),
    bands text[] NOT NULL DEFAULT '{}',
    modems integer NOT NULL DEFAULT 1 CHECK (modems BETWEEN 1 AND 8),
    firmware text,
    installed_on date,
    created_at timestamptz NOT NULL DEFAULT now(),
    import_id bigint
);
CREATE INDEX device_site ON device (site_id);
CREATE INDEX device_external_id_end ON device (reverse(external_id) COLLATE "C");
CREATE INDEX device_imei_end ON device (reverse(imei) COLLATE "C");
"""

_SUBSCRIPTIONS = """
CREATE TABLE card (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    iccid text COLLATE "C" NOT NULL UNIQUE,
    eid text COLLATE "C",
    kind text NOT NULL DEFAULT 'plastic' CHECK (kind IN ('plastic', 'euicc')),
    operator_id bigint NOT NULL REFERENCES operator,
    stock_state text NOT NULL DEFAULT 'in_stock'
        CHECK (stock_state IN ('in_stock', 'reserved', 'issued', 'fitted', 'returned', 'lost', 'blocked')),
    reserved_key text COLLATE "C" UNIQUE,
    reserved_change_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    import_id bigint
);
CREATE INDEX card_stock ON card (operator_id, stock_state, id);
CREATE INDEX card_iccid_end ON card (reverse(iccid) COLLATE "C");
CREATE INDEX card_eid ON card (eid);
CREATE INDEX card_eid_end ON card (reverse(eid) COLLATE "C");
CREATE INDEX card_change ON card (reserved_change_id) WHERE reserved_change_id IS NOT NULL;

-- Desired (ours), as the operator last reported it (op_*), and what the network last saw. What changes with every
-- report is in no index, so that reports stay cheap (HOT updates); serving cell and state change seldom. site_id is
-- that of the live link: with what subscription_site includes, the fleet is counted without looking at a single row.
CREATE TABLE subscription (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operator,
    operator_ref text COLLATE "C" NOT NULL,
    imsi text COLLATE "C" UNIQUE,
    msisdn text COLLATE "C",
    generation text CHECK (generation IN ('2G', '3G', '4G', '5G')),
    state text NOT NULL DEFAULT 'INVENTORY'
        CHECK (state IN ('INVENTORY', 'TEST_READY', 'ACTIVE', 'SUSPENDED', 'RETIRED')),
    apn text,
    ip_address inet,
    subscription_group text,
    data_plan text,
    rat_restriction text[] NOT NULL DEFAULT '{}',
    imei_lock text,
    op_state text,
    op_apn text,
    op_ip_address inet,
    op_subscription_group text,
    op_data_plan text,
    op_rat_restriction text[],
    op_imei_lock text,
    op_since timestamptz,
    reported_at timestamptz,
    rat text CHECK (rat IN ('GERAN', 'UTRA', 'EUTRA', 'NR')),
    band text,
    cell_key text COLLATE "C",
    cell_at timestamptz,
    imei_seen text,
    attached boolean,
    last_seen timestamptz,
    observed_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    site_id bigint REFERENCES site,
    created_at timestamptz NOT NULL DEFAULT now(),
    import_id bigint,
    UNIQUE (operator_id, operator_ref)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.03, autovacuum_analyze_scale_factor = 0.03);
CREATE INDEX subscription_operator_ref ON subscription (operator_ref);
CREATE INDEX subscription_operator_ref_end ON subscription (reverse(operator_ref) COLLATE "C");
CREATE INDEX subscription_imsi_end ON subscription (reverse(imsi) COLLATE "C");
CREATE INDEX subscription_msisdn ON subscription (msisdn);
CREATE INDEX subscription_msisdn_end ON subscription (reverse(msisdn) COLLATE "C");
CREATE INDEX subscription_address ON subscription (operator_id, ip_address) WHERE ip_address IS NOT NULL;
CREATE INDEX subscription_operator_address ON subscription (operator_id, op_ip_address) WHERE op_ip_address IS NOT NULL;
CREATE INDEX subscription_address_text ON subscription (host(ip_address) COLLATE "C") WHERE ip_address IS NOT NULL;
CREATE INDEX subscription_site ON subscription (site_id, operator_id) INCLUDE (rat, band, state, attached)
    WHERE site_id IS NOT NULL;
CREATE INDEX subscription_cell ON subscription (cell_key, operator_id) WHERE cell_key IS NOT NULL;

CREATE TABLE card_subscription (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    card_id bigint NOT NULL REFERENCES card,
    subscription_id bigint NOT NULL REFERENCES subscription,
    valid_from timestamptz NOT NULL DEFAULT now(),
    valid_to timestamptz CHECK (valid_to >= valid_from)
);
CREATE UNIQUE INDEX card_subscription_card ON card_subscription (card_id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX card_subscription_subscription ON card_subscription (subscription_id) WHERE valid_to IS NULL;
CREATE INDEX card_subscription_past ON card_subscription (card_id, valid_from);
CREATE INDEX card_subscription_past_subscription ON card_subscription (subscription_id, valid_from);

CREATE TABLE link (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id bigint NOT NULL REFERENCES site,
    device_id bigint NOT NULL REFERENCES device,
    modem_slot integer NOT NULL DEFAULT 1 CHECK (modem_slot BETWEEN 1 AND 8),
    card_id bigint NOT NULL REFERENCES card,
    subscription_id bigint NOT NULL REFERENCES subscription,
    operator_id bigint NOT NULL REFERENCES operator,
    role text NOT NULL DEFAULT 'primary' CHECK (role IN ('primary', 'backup')),
    valid_from timestamptz NOT NULL DEFAULT now(),
    valid_to timestamptz CHECK (valid_to >= valid_from),
    created_at timestamptz NOT NULL DEFAULT now(),
    import_id bigint
);
CREATE UNIQUE INDEX link_subscription ON link (subscription_id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX link_card ON link (card_id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX link_slot ON link (device_id, modem_slot) WHERE valid_to IS NULL;
CREATE INDEX link_site ON link (site_id);
CREATE INDEX link_past_subscription ON link (subscription_id, valid_from);
CREATE INDEX link_past_device ON link (device_id, valid_from);
"""

_RADIO = """
CREATE TABLE mast (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mast_key text COLLATE "C" NOT NULL UNIQUE,
    lat double precision CHECK (lat BETWEEN -90 AND 90),
    lon double precision CHECK (lon BETWEEN -180 AND 180)
);
CREATE TABLE cell (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operator,
    cell_key text COLLATE "C" NOT NULL,
    rat text NOT NULL CHECK (rat IN ('GERAN', 'UTRA', 'EUTRA', 'NR')),
    band text,
    arfcn integer CHECK (arfcn >= 0),
    tac text,
    pci text,
    lat double precision CHECK (lat BETWEEN -90 AND 90),
    lon double precision CHECK (lon BETWEEN -180 AND 180),
    mast_id bigint REFERENCES mast,
    invented boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    import_id bigint,
    UNIQUE (operator_id, cell_key)
);
CREATE INDEX cell_key ON cell (cell_key);
CREATE INDEX cell_mast ON cell (mast_id);
CREATE TABLE shared_risk_group (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('mast')),
    name text NOT NULL,
    mast_id bigint UNIQUE REFERENCES mast
);
"""

_ADDRESSES = """
CREATE TABLE address_pool (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operator,
    apn text NOT NULL,
    cidr cidr NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    import_id bigint,
    UNIQUE (operator_id, apn, cidr)
);
CREATE TABLE address_reservation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pool_id bigint NOT NULL REFERENCES address_pool,
    operator_id bigint NOT NULL REFERENCES operator,
    apn text NOT NULL,
    address inet NOT NULL,
    key text COLLATE "C",
    subscription_id bigint REFERENCES subscription,
    change_id bigint,
    state text NOT NULL DEFAULT 'reserved' CHECK (state IN ('reserved', 'assigned', 'released')),
    at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX address_reservation_live ON address_reservation (operator_id, apn, address)
    WHERE state <> 'released';
CREATE UNIQUE INDEX address_reservation_key ON address_reservation (key) WHERE state <> 'released';
CREATE INDEX address_reservation_pool ON address_reservation (pool_id, address) WHERE state <> 'released';
CREATE INDEX address_reservation_subscription ON address_reservation (subscription_id)
    WHERE subscription_id IS NOT NULL;
"""

# The before-image of every change of configuration, written by the statement that makes the change.
_HISTORY = """
CREATE TABLE history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thing text NOT NULL CHECK (thing IN
        ('operator', 'contract', 'site', 'device', 'card', 'subscription', 'link', 'cell', 'address_pool')),
    thing_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    reason text NOT NULL DEFAULT '',
    change_id bigint,
    before jsonb NOT NULL,
    after jsonb NOT NULL
);
CREATE INDEX history_thing ON history (thing, thing_id, at DESC, id DESC);
CREATE INDEX history_change ON history (change_id) WHERE change_id IS NOT NULL;
"""

_IMPORTS = """
CREATE TABLE import_mapping (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    kind text NOT NULL,
    spec jsonb NOT NULL,
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE import_run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    mapping jsonb NOT NULL,
    file_name text NOT NULL,
    file_path text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('keep_good', 'all_or_nothing')),
    dry_run boolean NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'refused', 'failed')),
    -- Whose authority the job works with: it runs later, and must not be able to do more than its author.
    created_by text NOT NULL,
    permissions text[] NOT NULL,
    regions text[],
    operators text[],
    request_id text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    bytes_read bigint NOT NULL DEFAULT 0,
    rows_read bigint NOT NULL DEFAULT 0,
    rows_skipped bigint NOT NULL DEFAULT 0,
    rows_bad bigint NOT NULL DEFAULT 0,
    rows_created bigint NOT NULL DEFAULT 0,
    rows_updated bigint NOT NULL DEFAULT 0,
    rows_unchanged bigint NOT NULL DEFAULT 0,
    problem_count bigint NOT NULL DEFAULT 0,
    message text NOT NULL DEFAULT '',
    notes jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE import_problem (
    import_id bigint NOT NULL REFERENCES import_run ON DELETE CASCADE,
    id bigint NOT NULL,
    line bigint NOT NULL,
    field text NOT NULL,
    rule text NOT NULL,
    value text,
    message text NOT NULL,
    PRIMARY KEY (import_id, id)
);
"""

_TABLES = (
    "import_problem, import_run, import_mapping, history, address_reservation, address_pool, shared_risk_group, cell,"
    " mast, link, card_subscription, subscription, card, device, site, contract, operator"
)


def upgrade() -> None:
    """Make the tables."""
    for part in (_OPERATORS, _SITES, _SUBSCRIPTIONS, _RADIO, _ADDRESSES, _HISTORY, _IMPORTS):
        op.execute(part)


def downgrade() -> None:
    """Drop the tables and all that is in them."""
    op.execute(f"DROP TABLE {_TABLES}")
