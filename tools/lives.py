"""Changes in all their lives, brought about over REST by two people, for a console that is looked at.

Everything happens as it would to a utility: somebody plans, somebody else approves, operators reject some items, their
staff change something in between. The last change is left running while the operators take their time.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tieline.utility.connectors import Field
from tools.served import ADMINISTRATOR, PASSWORD, Served

PEOPLE = {"mara": ("Mara Wiedenhöfer-Schöneberg", "technician"), "dirk": ("Dirk Oldenkamp", "approver")}
_PATIENCE_SECONDS = 120
_PAUSE_SECONDS = 0.05
_BEGUN_SHARE = 0.3
_SLOW_POLLS = 1500
"""How often a slow operator is asked before a batch is over: some minutes a batch, at the pace of the driver here."""

Json = dict[str, Any]


class Person:
    """Somebody who is signed in, and what she does with changes."""

    def __init__(self, url: str, name: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/api/v1", timeout=60)
        session = self.send("POST", "/session", {"name": name, "password": PASSWORD})
        self._http.headers["X-CSRF-Token"] = session["csrf_token"]

    def close(self) -> None:
        """Give up the connection."""
        self._http.close()

    def send(self, method: str, path: str, body: object = None) -> Json:
        """Ask, and return the answer; raises what the server refused."""
        answer = self._http.request(method, path, json=body)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.text}")
        found: Json = answer.json() if answer.content else {}
        return found

    def upload(self, name: str, content: str, spec: Json) -> None:
        """Have a file imported, its good rows kept."""
        files = {"file": (name, content.encode(), "text/csv")}
        self._http.post(
            "/imports", files=files, data={"spec": json.dumps(spec), "mode": "keep_good"}
        ).raise_for_status()

    def act(self, change: int, what: str, **body: object) -> Json:
        """Do something with a change."""
        return self.send("POST", f"/changes/{change}/{what}", body)

    def until(self, change: int, *states: str) -> Json:
        """Wait until a change is in one of some states."""
        return self.until_so(change, lambda found: found["state"] in states)

    def until_so(self, change: int, so: Callable[[Json], bool]) -> Json:
        """Wait until a change is as it is wanted; raises ``TimeoutError``."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not so(found := self.send("GET", f"/changes/{change}")):
            if time.monotonic() > end:
                raise TimeoutError(f"change {change} is still {found['state']}")
            time.sleep(_PAUSE_SECONDS)
        return found


@dataclass(frozen=True, slots=True)
class Story:
    """Two people, their operators, and the regions they work in."""

    served: Served
    mara: Person
    dirk: Person
    ada: Person
    regions: Sequence[str]

    def planned(self, title: str, region: int | None, **more: object) -> int:
        """Mara has a change planned; returns its number."""
        wanted: Json = {"linked": True} if region is None else {"linked": True, "regions": [self.regions[region]]}
        wanted |= dict(more.pop("wanted", {}))  # type: ignore[call-overload]
        body = {"kind": "subscription.configure", "title": title, "selection": {"filter": wanted}, **more}
        change = int(self.mara.send("POST", "/changes", body)["id"])
        self.mara.until(change, "planned")
        return change

    def started(self, change: int) -> int:
        """It is approved and begun."""
        submitted = self.mara.act(change, "submit")
        if submitted["state"] == "submitted":
            self.dirk.act(change, "approve", plan_hash=submitted["plan_hash"], comment="Seen, and agreed.")
        self.mara.act(change, "start")
        return change

    def done(self, change: int) -> float:
        """Which share of a change is over."""
        progress = self.mara.send("GET", f"/changes/{change}/progress")
        return float(progress["done"]) / float(progress["total"])

    def refs(self, change: int, operator: str, count: int) -> list[str]:
        """Some of the subscriptions of a change, by their names at an operator."""
        found = self.mara.send("GET", f"/changes/{change}/items?operator={operator}&limit={count}")
        return [str(item["ref"]) for item in found["items"]]


LIVES = ("planned", "submitted", "rejected", "completed", "undone", "paused", "stopped", "running")


def live(served: Served) -> dict[str, int]:
    """Let everything happen; the last change still runs afterwards. Returns the changes by their lives."""
    story = _people(served)
    _bring_bad_rows(story)
    _make_groups(story)
    planned, submitted, rejected = _wait_for_decisions(story)
    completed = _complete(story)
    changes = (planned, submitted, rejected, completed, _take_back(story), *_hold_and_stop(story), _run(story))
    _agree_beforehand(story, completed, rejected)
    return dict(zip(LIVES, changes, strict=True))


def _people(served: Served) -> Story:
    ada = Person(served.url, ADMINISTRATOR)
    for name, (shown, role) in PEOPLE.items():
        ada.send("POST", "/users", {"name": name, "display_name": shown, "password": PASSWORD, "roles": [role]})
    connect(served, ada)
    groups = ada.send("GET", "/fleet/summary?by=region")["groups"]
    largest = sorted(groups, key=lambda group: -int(group["subscriptions"]))
    regions = [str(group["region"]) for group in largest if group["region"]]
    return Story(served, Person(served.url, "mara"), Person(served.url, "dirk"), ada, regions)


def connect(served: Served, administrator: Person) -> None:
    """Enter how its operators are reached, and what they permit."""
    for code in served.operators.platforms:
        administrator.send("PUT", f"/operators/{code}/connection", {"provider": "reference", "base_url": "memory:"})
        terms = {"calls_per_second": 200.0, "max_batch": 10}
        administrator.send("PUT", f"/operators/{code}/contracts/Rahmenvertrag 2026", terms)


_PREPARE = {"kind": "subscription.preprovision", "waves": {"by": "percent", "steps": [5, 25, 70], "canary": 2}}
_WHY = "The operators switch 3G off in autumn."


def _wait_for_decisions(story: Story) -> tuple[int, int, int]:
    planned = story.planned("Prepare 4G for every substation of the region", 5, reason=_WHY, **_PREPARE)
    waiting = story.planned(
        "Zugangspunktnamen der Ortsnetzstationsfernüberwachung vereinheitlichen",
        6,
        parameters={"subscription_group": "ORTSNETZ-FERNWIRKTECHNIK"},
        reason=_WHY,
    )
    story.mara.act(waiting, "submit")
    refused = story.planned("Suspend the spare links", 7, parameters={"state": "SUSPENDED"})
    submitted = story.mara.act(refused, "submit")
    if submitted["state"] == "submitted":
        why = "Not in the week of the storm exercise."
        story.dirk.act(refused, "reject", plan_hash=submitted["plan_hash"], comment=why)
    return planned, waiting, refused


def _complete(story: Story) -> int:
    change = story.planned("New data plan", 3, parameters={"data_plan": "m2m-200"}, thresholds={"error": 0.5})
    faults = story.served.operators.platforms["B"].behaviour
    faults.rejects = dict.fromkeys(story.refs(change, "B", 3), "The number is barred.")
    story.started(change)
    story.mara.until(change, "completed")
    faults.rejects = {}
    return change


def _take_back(story: Story) -> int:
    change = story.started(story.planned("Group of the region", 4, parameters={"subscription_group": "REGION-WEST"}))
    story.mara.until(change, "completed")
    moved = story.planned(
        "Two sites to the pilot group",
        4,
        parameters={"subscription_group": "PILOT"},
        wanted={"operators": ["A"], "criticalities": ["critical", "high"]},
    )
    story.mara.until(story.started(moved), "completed")
    made = story.mara.act(change, "undo", title="Take the group of the region back", reason="The tariff is void.")
    undo = int(made["id"])
    story.mara.until(undo, "planned")
    story.mara.until(story.started(undo), "completed")
    return undo


def _make_groups(story: Story) -> None:
    """A 5G LAN group with members at both operators; at one of them some are not in the network yet."""
    name = "ortsnetzstationen-nord@netzleittechnik.example"
    parameters = {
        "group": name,
        "dnn": "leittechnik.grid",
        "title": "Ortsnetzstationen Nord",
        "sd": "0a0b0c",
        "aaa_address": "198.51.100.7",
        "aaa_usages": ["AUTH"],
    }
    title = "Ortsnetzstationen Nord in ein eigenes Netz"
    change = story.planned(title, -2, kind="group.create", parameters=parameters, thresholds={"error": 0.5})
    platform = story.served.operators.platforms["B"]
    platform.behaviour.lies = set(story.refs(change, "B", 3))
    story.started(change)
    story.mara.until(change, "completed", "paused")
    platform.behaviour.lies = set()


def _hold_and_stop(story: Story) -> tuple[int, int]:
    change = story.planned(
        "Lock the IMEI of each device", 2, parameters={"imei_lock": "device"}, wanted={"operators": ["B"]}
    )
    platform = story.served.operators.platforms["B"]
    platform.behaviour.rejects = dict.fromkeys(story.refs(change, "B", 40), "Device and tariff do not go together.")
    story.started(change)
    story.mara.until_so(change, lambda found: any(lane["state"] == "paused" for lane in found["lanes"]))
    stopped = story.planned("Data plan of the smallest region", -1, parameters={"data_plan": "m2m-50"})
    platform.touch(story.refs(stopped, "B", 1)[0], {Field.DATA_PLAN: "set-by-the-operator"})
    story.started(stopped)
    story.mara.act(stopped, "stop", why="The wrong tariff was chosen.")
    return change, stopped


def _agree_beforehand(story: Story, completed: int, rejected: int) -> None:
    """A freeze, a veto, a template with a policy on it, a review, a change that waits for the night."""
    freeze = {"reason": "Jahreswechsel", "starts_at": "2026-12-20T18:00:00Z", "ends_at": "2027-01-04T06:00:00Z"}
    story.mara.send("POST", "/change-holds", {**freeze, "yearly": "Europe/Berlin"})
    why = "Umspannwerk Neustadt-Glewe wird geschaltet."
    story.ada.send("POST", f"/changes/{rejected}/veto", {"reason": why})
    made = story.mara.send("POST", "/change-templates", {"name": "Data plan 200", "change_id": completed})
    story.dirk.send("POST", f"/change-templates/{made['id']}/approve?version=1")
    policy = {"name": "Data plans of failed sites", "kind": "subscription.configure", "max_items": 50}
    policy["template_version_id"] = made["versions"][0]["id"]
    proposed = story.mara.send("POST", "/change-policies", policy)
    story.dirk.send("POST", f"/change-policies/{proposed['id']}/approve")
    story.mara.send("POST", "/change-policies", {**policy, "name": "Data plans, larger", "max_items": 500})
    note = "Three numbers were barred at operator B; the desk there has a ticket."
    story.mara.send("POST", f"/changes/{completed}/reviews", {"worked": "partly", "note": note})
    nights = {"rules": ["Mon-Thu 22:00-05:00 Europe/Berlin, not the last working day of the month"]}
    story.planned("APN bei Nacht", 5, parameters={"data_plan": "m2m-100"}, window=nights)


def _run(story: Story) -> int:
    """Begin the change that is the largest of all; once a part of it is done, the operators take their time."""
    change = story.planned("Prepare 4G at every site on 3G", 0, reason=_WHY, **_PREPARE)
    story.started(change)
    story.mara.until_so(change, lambda _found: story.done(change) > _BEGUN_SHARE)
    for platform in story.served.operators.platforms.values():
        platform.behaviour.polls = _SLOW_POLLS
    return change


def _bring_bad_rows(story: Story) -> None:
    """A file of sites with long names, of which some rows break a rule each."""
    names = (
        "Umspannwerk Neustadt-Glewe Betriebsmittelüberwachungszentrale",
        "Schaltanlagenübergabestation Großräschen",
    )
    rows = [f"U-{n},{names[n % 2]} {n},45.{n + 30},-33.{n + 20},{n * 137},{story.regions[-1]}" for n in range(1, 31)]
    rows += [f"U-{n},{names[0]} {n},9{n % 10}.1,-33.2,80,Nord" for n in range(31, 46)]
    rows += [f"U-{n},{names[1]} {n},45.4,-33.2,ungefähr zweitausend,Nord" for n in range(46, 51)]
    rows += ["U-1,Doppelt vergeben,45.4,-33.3,5,Nord", ",Ohne Kennung,45.4,-33.3,5,Nord"]
    columns = {"external_id": "code", "name": "title", "lat": "breite", "lon": "lon", "customers": "households"}
    spec = {"kind": "site", "name": "Neue Umspannwerke", "columns": {**columns, "region": "area"}}
    story.mara.upload("neue-umspannwerke-2026.csv", "\n".join(["code,title,breite,lon,households,area", *rows]), spec)
