"""The audit trail: a hash chain that the database itself continues, and refuses to alter."""

from alembic import op

revision = "audit_0001"
down_revision = None
branch_labels = ("audit",)
depends_on = None

# A field in canonical form: its length in bytes as four bytes, big-endian, then the bytes. Nothing else can give the
# same bytes, whatever the fields hold. The twin in Python is tieline.platform.audit.chain.canonical.
_FIELD = """
CREATE FUNCTION audit_field(value text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT int4send(octet_length(convert_to(value, 'UTF8'))) || convert_to(value, 'UTF8') $$
"""

# Entries come as one JSON array of [action, subject, detail]: the quickest way in for thousands of them.
_APPEND = """
CREATE FUNCTION audit_append(p_actor text, p_request_id text, p_entries jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_first bigint;
    v_hash bytea;
    v_at timestamptz;
    v_same bytea;
    v_last bytea := audit_field(p_request_id);
    v_body bytea;
    v_prevs bytea[] := '{}';
    v_hashes bytea[] := '{}';
BEGIN
    SELECT seq, hash INTO STRICT v_first, v_hash FROM audit_head FOR UPDATE;
    v_at := clock_timestamp();
    v_same := audit_field((extract(epoch FROM v_at) * 1000000)::bigint::text) || audit_field(p_actor);
    FOR v_body IN
        SELECT audit_field((v_first + n)::text) || v_same || audit_field(e ->> 0) || audit_field(e ->> 1)
               || audit_field((e -> 2)::text) || v_last
          FROM jsonb_array_elements(p_entries) WITH ORDINALITY AS t (e, n) ORDER BY n
    LOOP
        v_prevs := array_append(v_prevs, v_hash);
        v_hash := sha256(v_hash || v_body);
        v_hashes := array_append(v_hashes, v_hash);
    END LOOP;
    INSERT INTO audit (seq, at, actor, action, subject, detail, request_id, prev, hash)
    SELECT v_first + n, v_at, p_actor, e ->> 0, e ->> 1, e -> 2, p_request_id, prev, hash
      FROM jsonb_array_elements(p_entries) WITH ORDINALITY AS t (e, n)
      JOIN unnest(v_prevs, v_hashes) WITH ORDINALITY AS h (prev, hash, n) USING (n);
    UPDATE audit_head SET seq = v_first + cardinality(v_hashes), hash = v_hash;
    RETURN v_first + cardinality(v_hashes);
END $$
"""

_REFUSE = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit trail is only ever added to' USING ERRCODE = 'insufficient_privilege'; END $$
"""


def upgrade() -> None:
    """Make the chain, its head and its guards."""
    op.execute(
        """
        CREATE TABLE audit (
            seq bigint PRIMARY KEY,
            at timestamptz NOT NULL,
            actor text NOT NULL,
            action text NOT NULL,
            subject text NOT NULL,
            detail jsonb NOT NULL,
            request_id text NOT NULL,
            prev bytea NOT NULL,
            hash bytea NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX audit_actor ON audit (actor, seq)")
    op.execute("CREATE INDEX audit_action ON audit (action text_pattern_ops, seq)")
    op.execute("CREATE INDEX audit_subject ON audit (subject, seq)")
    op.execute("CREATE INDEX audit_at ON audit (at)")
    op.execute(
        """
        CREATE TABLE audit_head (
            one boolean PRIMARY KEY DEFAULT true CHECK (one), seq bigint NOT NULL, hash bytea NOT NULL)
        """
    )
    op.execute("INSERT INTO audit_head (seq, hash) VALUES (0, sha256('tieline'::bytea))")
    for statement in (_FIELD, _APPEND, _REFUSE):
        op.execute(statement)
    op.execute(
        """
        CREATE TRIGGER audit_only_adds BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
        """
    )
    op.execute(
        """
        CREATE TRIGGER audit_head_stays BEFORE INSERT OR DELETE OR TRUNCATE ON audit_head
        FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
        """
    )
    # ALWAYS: also for a session that calls itself a replica.
    op.execute("ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_only_adds")
    op.execute("ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_stays")


def downgrade() -> None:
    """Drop the chain."""
    op.execute("DROP TABLE audit, audit_head")
    op.execute("DROP FUNCTION audit_append, audit_field, audit_refuse")
