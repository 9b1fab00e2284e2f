"""Which subscription holds a fixed address: those that want it by an index, those that still have it in a table.

Only who gives an address up is written down, until the network has followed: to give out a free one costs no row.
"""

from alembic import op

revision = "gateway_addresses_0001"
down_revision = None
branch_labels = ("gateway_addresses",)
depends_on = ("gateway_0003",)

LEAVING = """
CREATE TABLE address_leaving (
    object_id bigint PRIMARY KEY REFERENCES managed_object ON DELETE CASCADE,
    utility_id bigint NOT NULL REFERENCES utility,
    apn text NOT NULL,
    address text NOT NULL
);
CREATE INDEX address_leaving_address ON address_leaving (utility_id, address);
CREATE INDEX managed_object_address ON managed_object (utility_id, (attributes ->> 'ipAddress'))
    WHERE attributes ->> 'ipAddress' IS NOT NULL;
"""

FILL = """
INSERT INTO address_leaving (object_id, utility_id, apn, address)
SELECT id, utility_id, coalesce(observed -> 'operational' ->> 'apn', ''), observed -> 'operational' ->> 'ipAddress'
FROM managed_object
WHERE class = 'UtilitySubscription' AND observed -> 'operational' ->> 'ipAddress' IS NOT NULL
  AND observed -> 'operational' ->> 'state' <> 'RETIRED'
  AND (attributes ->> 'state' = 'RETIRED'
       OR attributes ->> 'ipAddress' IS DISTINCT FROM observed -> 'operational' ->> 'ipAddress'
       OR attributes ->> 'apn' IS DISTINCT FROM observed -> 'operational' ->> 'apn')
"""


def upgrade() -> None:
    op.execute(LEAVING)
    op.execute(FILL)


def downgrade() -> None:
    op.execute("DROP INDEX managed_object_address")
    op.execute("DROP TABLE address_leaving")
