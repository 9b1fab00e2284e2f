"""Procrastinate's own schema, and what it does not keep: why a job failed."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "jobs_0001"
down_revision = None
branch_labels = ("jobs",)
depends_on = None


def upgrade() -> None:
    """Apply the schema of the installed procrastinate, and add our table."""
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("migrations need a connection")
    driver.execute(SchemaManager.get_schema())  # many statements, so not through SQLAlchemy
    op.execute(
        """
        CREATE TABLE job_error (
            job_id bigint PRIMARY KEY REFERENCES procrastinate_jobs ON DELETE CASCADE,
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            error text NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX job_lane_state ON procrastinate_jobs (queue_name, status)")


def downgrade() -> None:
    """Drop everything."""
    op.execute("DROP TABLE job_error")
    op.execute(
        """
        DO $$
        DECLARE item record;
        BEGIN
            DROP TABLE procrastinate_periodic_defers, procrastinate_events, procrastinate_jobs,
                procrastinate_workers CASCADE;
            FOR item IN SELECT oid::regprocedure AS name FROM pg_proc WHERE proname LIKE 'procrastinate%' LOOP
                EXECUTE 'DROP FUNCTION ' || item.name;
            END LOOP;
            DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_status, procrastinate_job_event_type;
        END $$
        """
    )
