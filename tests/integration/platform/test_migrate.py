"""Migrations: branches of several contexts come in the order of what they depend on, once."""

from pathlib import Path

import psycopg

from tieline.platform.migrate import heads, migrate

FIRST = """
from alembic import op
revision, down_revision, branch_labels, depends_on = "first_0001", None, ("first",), None
def upgrade(): op.execute("CREATE TABLE first (id int PRIMARY KEY)")
"""
SECOND = """
from alembic import op
revision, down_revision, branch_labels, depends_on = "second_0001", None, ("second",), ("first_0001",)
def upgrade(): op.execute("CREATE TABLE second (id int REFERENCES first)")
"""


def test_branches_come_in_order_of_dependence_and_only_once(database_url: str, tmp_path: Path) -> None:
    folders = [tmp_path / "z_first", tmp_path / "a_second"]
    for folder, text in zip(folders, (FIRST, SECOND), strict=True):
        folder.mkdir()
        (folder / "0001.py").write_text(text)

    migrate(database_url, list(reversed(folders)))
    migrate(database_url, folders)

    with psycopg.connect(database_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
    assert [name for (name,) in tables] == ["alembic_version", "first", "second"]
    assert heads(folders) == ("first_0001", "second_0001")
