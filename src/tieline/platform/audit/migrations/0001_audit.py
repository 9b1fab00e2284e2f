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

_APPEND = """
CREATE FUNCTION audit_append(
    p_actor text, p_request_id text, p_actions text[], p_subjects text[], p_details jsonb[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_seq bigint;
    v_hash bytea;
    v_prev bytea;
    v_at timestamptz;
    v_seqs bigint[] := '{}';
    v_prevs bytea[] := '{}';
    v_hashes bytea[] := '{}';
    v_same bytea;
BEGIN
    SELECT seq, hash INTO STRICT v_seq, v_hash FROM audit_head FOR UPDATE;
    v_at := clock_timestamp();
    v_same := audit_field((extract(epoch FROM v_at) * 1000000)::bigint::text) || audit_field(p_actor);
    FOR i IN 1 .. cardinality(p_actions) LOOP
        v_seq := v_seq + 1;
        v_prev := v_hash;
        v_hash := sha256(v_prev || audit_field(v_seq::text) || v_same || audit_field(p_actions[i])
            || audit_field(p_subjects[i]) || audit_field(p_details[i]::text) || audit_field(p_request_id));
        v_seqs := array_append(v_seqs, v_seq);
        v_prevs := array_append(v_prevs, v_prev);
        v_hashes := array_append(v_hashes, v_hash);
    END LOOP;
    INSERT INTO audit (seq, at, actor, action, subject, detail, request_id, prev, hash)
    SELECT e.seq, v_at, p_actor, e.action, e.subject, e.detail, p_request_id, e.prev, e.hash
      FROM unnest(v_seqs, p_actions, p_subjects, p_details, v_prevs, v_hashes)
        AS e (seq, action, subject, detail, prev, hash);
    UPDATE audit_head SET seq = v_seq, hash = v_hash;
    RETURN v_seq;
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
