"""Northbound APIs: 5G LAN groups and their members, static addresses under way, event subscriptions and their queue."""

from alembic import op

revision = "gateway_0004"
down_revision = "gateway_0003"
branch_labels = None
depends_on = None

# What a group shall be stands in one row, members as a map, so that a group of ten thousand is taken in one write;
# what the network has made of it stands in lan_member, a row for each subscription, made in the background.
GROUPS = """
CREATE TABLE lan_group (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id bigint NOT NULL REFERENCES utility,
    name text NOT NULL,
    document jsonb NOT NULL,
    members jsonb NOT NULL,
    size integer NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    spread integer NOT NULL DEFAULT 0,
    deleted boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX lan_group_name ON lan_group (utility_id, name) WHERE NOT deleted;
CREATE INDEX lan_group_open ON lan_group (id) WHERE spread < revision OR deleted;
CREATE TABLE lan_member (
    group_id bigint NOT NULL REFERENCES lan_group ON DELETE CASCADE,
    utility_id bigint NOT NULL,
    subscription text NOT NULL,
    wanted boolean NOT NULL,
    operational boolean NOT NULL DEFAULT false,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (group_id, subscription)
);
CREATE INDEX lan_member_due ON lan_member (due_at) WHERE wanted <> operational;
CREATE INDEX lan_member_subscription ON lan_member (utility_id, subscription);
"""

ADDRESSES = """
CREATE TABLE address_provisioning (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id bigint NOT NULL REFERENCES utility,
    addresses jsonb NOT NULL,
    supp_feat text,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL
);
CREATE INDEX address_provisioning_utility ON address_provisioning (utility_id, id);
CREATE TABLE address_order (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id bigint NOT NULL REFERENCES utility,
    subscription text NOT NULL,
    address text,
    instead_of text
);
"""

EVENTS = """
CREATE TABLE event_subscription (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id bigint NOT NULL REFERENCES utility,
    document jsonb NOT NULL,
    subscription text,
    lan_group text,
    destination text NOT NULL,
    reports_left integer CHECK (reports_left >= 0),
    expires_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    retry_at timestamptz NOT NULL,
    last_error text,
    delivered bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL
);
CREATE INDEX event_subscription_utility ON event_subscription (utility_id, id);
CREATE TABLE event_notification (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_subscription_id bigint NOT NULL REFERENCES event_subscription ON DELETE CASCADE,
    report jsonb,
    copies smallint NOT NULL DEFAULT 1,
    due_at timestamptz NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX event_notification_subscription ON event_notification (event_subscription_id, id);
"""


def upgrade() -> None:
    for statements in (GROUPS, ADDRESSES, EVENTS):
        op.execute(statements)


def downgrade() -> None:
    op.execute(
        "DROP TABLE event_notification, event_subscription, address_order, address_provisioning, lan_member, lan_group"
    )
