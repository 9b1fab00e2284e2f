"""A change in words on a terminal: its plan, its figures, its items."""

from collections.abc import Mapping
from typing import Any

from tieline.cli.output import out, plain, print_table
from tieline.platform.scope import named
from tieline.platform.words import plural

_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))


def change(one: Any) -> None:
    """Say what a change is and where it stands."""
    out.print(plain(f"Change {one['id']}: {one['title']}"), style="bold")
    out.print(plain(f"{one['kind']}, {one['type']}, {state(one)}, by {named(one['created_by'])}."))
    if one["summary"] and one["plan_hash"]:
        _plan(one)
    for decision in one.get("approvals", ()):
        _decision(decision)
    if one.get("acts"):
        out.print(f"You may: {', '.join(one['acts'])}", style="dim")


def verdicts(told: Mapping[str, Any]) -> None:
    """What operators would do with a plan."""
    for code, one in sorted(told.items()):
        asked, refused = one["asked"], one["refused"]
        if one.get("why"):
            out.print(plain(f"Operator {code} could not be asked: {one['why']}"))
        elif refused:
            out.print(plain(f"Operator {code} would refuse {refused:,} of {plural(asked, 'subscription')}."))
        else:
            out.print(plain(f"Operator {code} would accept all {plural(asked, 'subscription')}."))


def state(one: Any) -> str:
    """The state, and why where that needs telling."""
    return f"{one['state']} ({one['state_why']})" if one["state_why"] else str(one["state"])


def _plan(one: Any) -> None:
    summary = one["summary"]
    impact = summary["impact"]
    if not impact["items"] and not impact["by_reason"]:
        out.print("Nothing in the fleet matches what was selected. Try it with: tieline fleet subscriptions")
        return
    least, most = summary["seconds"]
    touched = f"{plural(impact['items'], 'subscription')} at {plural(impact['sites'], 'site')}"
    behind = f"{impact['critical_sites']:,} critical; {plural(impact['customers'], 'customer')} behind"
    out.print(plain(f"{touched}, {behind}. Lasts {span(least)} to {span(most)}."))
    rows = [
        [code, lane["items"], lane["batches"], lane["calls"], span(lane["least_seconds"]), span(lane["most_seconds"])]
        for code, lane in sorted(summary["lanes"].items())
    ]
    print_table("", ["Operator", "Subscriptions", "Batches", "Calls", "At least", "At most"], rows)
    if len(summary["waves"]) > 1:
        rows = [[str(wave["number"]), wave["title"], wave["sites"], wave["items"]] for wave in summary["waves"]]
        print_table("", ["Wave", "Name", "Sites", "Subscriptions"], rows)
    if impact["by_reason"]:
        rows = [[code, count, impact["reasons"].get(code, "")] for code, count in impact["by_reason"].items()]
        print_table("Left out", ["Reason", "Subscriptions", "For example"], rows)
    out.print(plain(f"{summary['requirement']['why']}"))
    out.print(plain(f"Plan {one['plan_version']}, hash {one['plan_hash']}"), style="dim")


def _decision(one: Any) -> None:
    void = f" (void: {one['void_why']})" if one["void_at"] else ""
    who = "by policy" if one["by_policy"] else f"by {named(one['actor'])}"
    comment = f": {one['comment']}" if one["comment"] else ""
    out.print(plain(f"{one['decision'].capitalize()} {who}, {one['at'][:16].replace('T', ' ')}{void}{comment}"))


def span(seconds: float) -> str:
    """A length of time in one or two units."""
    whole = round(seconds)
    for size, unit in _UNITS:
        if whole >= size:
            rest = (whole % size) // (size // (24 if unit == "d" else 60))
            smaller = {"d": "h", "h": "min", "min": "s"}[unit]
            return f"{whole // size} {unit} {rest} {smaller}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def outcome(found: Any) -> None:
    """Say how a change stands, by the counts of its items."""
    counts = found["counts"]
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    why = f" ({found['state_why']})" if found["state_why"] else ""
    out.print(plain(f"Change {found['change_id']} is {found['state']}{why}: {told or 'nothing planned'}."))


def items(found: list[Any]) -> None:
    """List items with what each sets."""
    rows = [
        [
            str(one["position"]),
            one["site_name"] or one["site"] or "–",
            one["operator"],
            one["ref"],
            str(one["wave"] or "–"),
            one["state"],
            _differences(one),
            one["reason"],
        ]
        for one in found
    ]
    names = ["No", "Site", "Operator", "Subscription", "Wave", "State", "Sets", "Why"]
    if not any(one["reason"] for one in found):
        names, rows = names[:-1], [row[:-1] for row in rows]
    print_table("", names, rows)


def _differences(one: Any) -> str:
    def word(value: Any) -> str:
        return "unset" if value in (None, "", []) else ",".join(value) if isinstance(value, list) else str(value)

    before = one["before"]
    return "\n".join(f"{name}: {word(before.get(name))} → {word(value)}" for name, value in one["desired"].items())


def record(found: Any) -> None:
    """Say all of a change, from why it was asked for to its entries of the audit trail."""
    one = found["change"]
    change({**one, "approvals": found["approvals"]})
    out.print(plain(f"Why: {one['reason'] or 'no reason was given'}"))
    for act, who, at in (
        ("Made", one["created_by"], one["created_at"]),
        ("Planned", one["planned_by"], one["planned_at"]),
        ("Started", one["started_by"], one["started_at"]),
    ):
        out.print(plain(f"{act} by {named(who)}, {_minute(at)}" if at else f"{act}: not yet"))
    outcome({"change_id": one["id"], "state": one["state"], "state_why": "", "counts": found["counts"]})
    items(found["items"])
    if found["more_items"]:
        out.print(plain(f"There are more: tieline change items {one['id']} gives them all."), style="dim")
    for number in found["undone_by"]:
        out.print(plain(f"Taken back by change {number}"))
    if found["audit"] is None:
        out.print("Its entries of the audit trail are shown to who may read the trail.", style="dim")
        return
    rows = [
        [str(entry["seq"]), _minute(entry["at"]), named(entry["actor"]), entry["action"], entry["hash"]]
        for entry in found["audit"]
    ]
    print_table("Audit trail", ["Entry", "At (UTC)", "By", "What", "Hash"], rows)
    if found.get("more_audit"):
        out.print(f"These are the latest; the trail has the others under the subject change:{one['id']}.", style="dim")


def _minute(at: str) -> str:
    return at[:16].replace("T", " ")
