"""``tieline change kinds``: what can be done to subscriptions, and what each kind of change takes."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tieline.cli.client import connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table

_TYPES = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
          "null": "null", "object": "an object"}  # fmt: skip


def kinds(
    name: Annotated[str, typer.Argument(help="One kind, with the parameters that it takes.")] = "",
    *,
    json: AsJson = False,
) -> None:
    """List the kinds of change; or show one, with what --set takes for it."""
    with connect() as client:
        found = client.get("/change-kinds")["items"]
    if name:
        found = [one for one in found if one["name"] == name]
        if not found:
            raise CommandError(f"There is no kind of change called {name}.", exit_code=Exit.NOT_FOUND)
    if json:
        print_json(found)
        return
    print_table("", ["Kind", "What it does"], [[one["name"], one["sentence"]] for one in found])
    if not name:
        out.print("What one takes: tieline change kinds KIND", style="dim")
        return
    rows = parameters(found[0]["parameters"])
    print_table("Parameters", ["Name", "Takes", "If left out"], rows, empty="It takes none.")
    out.print(plain(f"Done when: {found[0]['grade']}."), style="dim")


def parameters(schema: Mapping[str, Any]) -> list[list[str]]:
    """The parameters of a JSON schema: name, what it takes, and what holds where it is left out."""
    parts = schema.get("$defs", {})
    top = parts[schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema
    needed = set(top.get("required", ()))
    rows = []
    for name, one in top["properties"].items():
        default = "must be given" if name in needed else _written(one["default"]) if "default" in one else "stays"
        rows.append([name, _takes(one, parts), default])
    return rows


def _takes(one: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    if "$ref" in one:
        return _takes(parts[one["$ref"].rsplit("/", 1)[-1]], parts)
    if "anyOf" in one:
        return " or ".join(_takes(option, parts) for option in one["anyOf"])
    if "enum" in one:
        return ", ".join(_written(value) for value in one["enum"])
    if one.get("type") == "array":
        return f"a list of: {_takes(one.get('items') or {}, parts)}"
    word = _TYPES.get(str(one.get("type")), "anything")
    least, most = one.get("minimum"), one.get("maximum")
    return f"{word}, {least} to {most}" if least is not None and most is not None else word


def _written(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "empty" if value in ("", [], {}) else str(value)
