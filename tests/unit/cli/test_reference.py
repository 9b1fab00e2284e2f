"""The reference page speaks of every command there is, and of every exit code."""

from pathlib import Path

import pytest
import typer

from tieline.cli import (
    audit,
    bill,
    certificate,
    change,
    contract,
    field,
    fleet,
    gateway,
    group,
    holding,
    incident,
    lab,
    notice,
    operator,
    probe,
    programme,
    ruling,
    secrets,
    siem,
    stock,
    token,
    usage,
    user,
    view,
)
from tieline.cli.errors import Exit
from tieline.cli.selecting import query_of

PAGE = (Path(__file__).parents[3] / "docs/reference/cli.md").read_text("utf-8")
GROUPS = {
    "audit": audit.app,
    "bill": bill.app,
    "contract": contract.app,
    "usage": usage.app,
    "certificate": certificate.app,
    "change": change.app,
    "field": field.app,
    "change hold": holding.hold,
    "change storm": holding.storm,
    "change veto": holding.veto,
    "change window": holding.window,
    "change policy": ruling.policy,
    "change template": ruling.template,
    "fleet": fleet.app,
    "gateway": gateway.app,
    "lab": lab.app,
    "notice": notice.app,
    "operator": operator.app,
    "incident": incident.app,
    "probe": probe.app,
    "programme": programme.app,
    "group": group.app,
    "secrets": secrets.app,
    "siem": siem.app,
    "stock": stock.app,
    "token": token.app,
    "user": user.app,
    "view": view.app,
}


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_is_on_the_page(group: str) -> None:
    app: typer.Typer = GROUPS[group]
    for command in app.registered_commands:
        name = command.name or ""
        assert f"tieline {group} {name}" in PAGE or f"`{name} N`" in PAGE, name


def test_every_exit_code_is_on_the_page() -> None:
    for code in Exit:
        assert f"| {code.value} |" in PAGE


def test_every_condition_of_the_page_is_one() -> None:
    listed = PAGE.split("Keys: ")[1].split("(the last")[0]
    names = [part.strip(" `\n,") for part in listed.split(",")]
    for name in names:
        query_of([f"{name}=yes"])
