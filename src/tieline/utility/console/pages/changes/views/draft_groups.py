"""The questions of changes of 5G LAN groups and fixed addresses, and what was answered."""

from collections.abc import Iterator, Sequence
from typing import Any

from starlette.datastructures import ImmutableMultiDict

from tieline.console.components.forms import Field
from tieline.console.components.tables import Option

LAN = "lan."
"""What the names of these questions begin with."""
CREATE, MEMBERS, REMOVE, ADDRESSES = "group.create", "group.members", "group.remove", "address.provision"
SESSIONS = (("IPV4", "IPv4"), ("IPV6", "IPv6"), ("IPV4V6", "IPv4 and IPv6"), ("ETHERNET", "Ethernet"),
            ("UNSTRUCTURED", "Unstructured"))  # fmt: skip
USAGES = (("AUTH", "Admits devices"), ("IP_ALLOC", "Gives them addresses"))

Typed = ImmutableMultiDict[Any, Any]


def parameters(kind: str, typed: Typed) -> dict[str, Any]:
    """What was answered to the questions of a kind; nothing for other kinds."""
    if kind == CREATE:
        found = {name: text for name in ("group", "dnn", "title", "sd", "aaa_address") if (text := _text(typed, name))}
        usages = [word for word, _ in USAGES if word in typed.getlist(f"{LAN}aaa_usages")]
        session = _text(typed, "session_type") or "IPV4"
        return {**found, "sst": _sst(typed), "session_type": session, "aaa_usages": usages}
    if kind == MEMBERS:
        return {"group": _text(typed, "group"), "act": _text(typed, "act") or "add"}
    if kind == REMOVE:
        return {"group": _text(typed, "group")}
    if kind == ADDRESSES:
        sd = _text(typed, "sd")
        return {"sst": _sst(typed), "renew": _text(typed, "renew") == "1", **({"sd": sd} if sd else {})}
    return {}


def fields(typed: Typed, kind: str, groups: Sequence[str]) -> Iterator[Field]:
    """The questions of a kind; none for other kinds."""
    if kind == CREATE:
        yield from _making(typed)
    elif kind in {MEMBERS, REMOVE}:
        yield _group(typed, groups)
        if kind == MEMBERS:
            acts = (("add", "Take them in"), ("remove", "Take them out"))
            yield _select(typed, "act", "What is done", acts)
    elif kind == ADDRESSES:
        yield from _slice(typed)
        hint = "Their present address goes back into its pool."
        renew = _text(typed, "renew")
        yield Field(f"{LAN}renew", "Also for those that have a fixed address", "check", renew, hint, required=False)


def _making(typed: Typed) -> Iterator[Field]:
    hint = "A name, @ and a domain: substations-north@grid.example. The operator knows the group by it."
    yield _field(typed, "group", "Name", hint, maxlength=255)
    hint = "What people call it."
    yield _field(typed, "title", "Called", hint, required=False, maxlength=200)
    hint = "Where its sessions go: labels with dots between, as the operator has set it up."
    yield _field(typed, "dnn", "Data network", hint, maxlength=100)
    yield from _slice(typed)
    yield _select(typed, "session_type", "Sessions", SESSIONS)
    hint = "Address of our own server, if there is one."
    yield _field(typed, "aaa_address", "AAA server", hint, required=False, maxlength=45)
    chosen = set(typed.getlist(f"{LAN}aaa_usages"))
    options = tuple(Option(value, word, chosen=value in chosen) for value, word in USAGES)
    yield Field(f"{LAN}aaa_usages", "What it does", "checks", options=options, required=False)


def _slice(typed: Typed) -> Iterator[Field]:
    yield Field(f"{LAN}sst", "Slice", "number", _text(typed, "sst") or "1", "Service type, 0 to 255.", required=False)
    hint = "Six hexadecimal digits, if the operator gave any."
    yield _field(typed, "sd", "Slice differentiator", hint, required=False, maxlength=6)


def _group(typed: Typed, groups: Sequence[str]) -> Field:
    chosen = _text(typed, "group")
    names = list(dict.fromkeys((*groups, *((chosen,) if chosen else ()))))
    if not names:
        return Field(f"{LAN}group", "Group", hint="There is none yet; make one first.", maxlength=255)
    return _select(typed, "group", "Group", [(name, name) for name in names])


def _sst(typed: Typed) -> Any:
    text = _text(typed, "sst") or "1"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else text  # noqa: PLR2004 - 0 to 255


def _field(typed: Typed, name: str, label: str, hint: str, *, required: bool = True, maxlength: int) -> Field:
    return Field(LAN + name, label, value=_text(typed, name), hint=hint, required=required, maxlength=maxlength)


def _select(typed: Typed, name: str, label: str, options: Sequence[tuple[str, str]]) -> Field:
    chosen = _text(typed, name)
    made = tuple(Option(value, word, chosen=value == chosen) for value, word in options)
    return Field(LAN + name, label, "select", chosen, options=made)


def _text(typed: Typed, name: str) -> str:
    value = typed.get(LAN + name, "")
    return value.strip() if isinstance(value, str) else ""
