"""The simulated radio network: cells, and which card is in which device where."""

from alembic import op

revision = "gateway_radio_0001"
down_revision = None
branch_labels = ("gateway_radio",)
depends_on = ("gateway_0003",)

# Places are points of the Mercator projection, in degrees: the nearest on the map is the nearest on the ground, and the
# index finds it. One index for each technology, of what is on: nobody asks for a cell without saying which.
TABLES = """
CREATE TABLE simulated_cell (
    cell_id text PRIMARY KEY,
    rat text NOT NULL CHECK (rat IN ('GERAN', 'UTRA', 'EUTRA', 'NR')),
    band text NOT NULL DEFAULT '',
    plmn text NOT NULL DEFAULT '',
    region text NOT NULL DEFAULT '',
    place point,
    off boolean NOT NULL DEFAULT false
);
CREATE INDEX simulated_cell_off ON simulated_cell (cell_id) WHERE off;
CREATE TABLE simulated_fitting (
    iccid text PRIMARY KEY,
    object_id bigint NOT NULL UNIQUE REFERENCES managed_object ON DELETE CASCADE,
    imei text NOT NULL,
    rats text[] NOT NULL,
    bands text[],
    place point,
    reach double precision NOT NULL DEFAULT 0,
    cells text[],
    attached boolean NOT NULL DEFAULT false,
    cell_id text,
    rat text,
    apn text NOT NULL DEFAULT '',
    address text,
    fitted_at timestamptz NOT NULL
);
CREATE INDEX simulated_fitting_session ON simulated_fitting (address) WHERE attached;
CREATE INDEX simulated_fitting_cell ON simulated_fitting (cell_id) WHERE attached;
"""
RATS = ("GERAN", "UTRA", "EUTRA", "NR")


def upgrade() -> None:
    op.execute(TABLES)
    for rat in RATS:
        op.execute(
            f"""CREATE INDEX simulated_cell_{rat.lower()} ON simulated_cell USING gist (place)
                WHERE rat = '{rat}' AND NOT off AND place IS NOT NULL"""
        )


def downgrade() -> None:
    op.execute("DROP TABLE simulated_fitting, simulated_cell")
