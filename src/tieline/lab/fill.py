"""Fills a running system with a world, over the wire only: what operators' staff and the utility's people would do.

The operators' side goes through their back offices, the utility's through the REST API.
"""

import csv
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
import msgspec

from tieline.lab import charging
from tieline.lab.announcing import announce, phase_out
from tieline.lab.reach import STRAIGHT, Reach
from tieline.platform.errors import Unavailable

Tell = Callable[[str], None]
_CHUNK = 1 << 20
_READS = 5
UTILITY = "DSO"
"""Code of the demonstration's utility at its operators: the name of its SubNetwork."""


@dataclass(frozen=True, slots=True)
class OperatorSide:
    """One operator's gateway as its own staff reaches it, and what its contract with the utility says."""

    code: str
    backoffice_url: str
    backoffice_token: str
    standard_url: str
    notifier_fingerprint: str
    calls_per_second: float = 50
    max_changes_per_plan: int = 2000


@dataclass(frozen=True, slots=True)
class UtilitySide:
    """What an operator has to know of the utility: its certificate, and the host that takes notifications."""

    notification_host: str
    certificate_fingerprint: str


@dataclass(frozen=True, slots=True)
class Ways:
    """How platform and operators find one another: our client certificate's name, where notifications go, mappings."""

    client: str
    notifications: str
    mappings: Path


@dataclass(slots=True)
class Filled:
    """What was loaded, as the systems counted it."""

    imported: dict[str, int] = field(default_factory=dict)
    bad_rows: int = 0


def fill_operator(side: OperatorSide, utility: UtilitySide, world: Path, tell: Tell, *, charged: bool = False) -> int:
    """Take the utility on at one operator, load its subscriptions, cards and attachments, and announce the end of 3G.

    ``charged``: it has counted what is used for two months, and billed it.

    Returns how many subscriptions there are.
    """
    slug = side.code.lower()
    headers = {"Authorization": f"Bearer {side.backoffice_token}"}
    with httpx.Client(base_url=side.backoffice_url, headers=headers, timeout=300) as office:
        terms = {
            "code": UTILITY,
            "name": "Distribution system operator",
            "certificates": [utility.certificate_fingerprint],
            "notification_hosts": [utility.notification_host],
            "calls_per_second": side.calls_per_second,
            "max_changes_per_plan": side.max_changes_per_plan,
        }
        _checked(office.post("/backoffice/v1/utilities", json=terms))
        tell(f"Operator {side.code}: subscriptions and cards")
        path = f"/backoffice/v1/utilities/{UTILITY}/subscriptions"
        loaded = _checked(office.post(path, content=_pieces(world / f"register-{slug}.jsonl")))
        tell(f"Operator {side.code}: its cells, and what its network sees")
        _checked(office.post("/simulation/v1/cells", content=_pieces(world / f"radio-{slug}.jsonl")))
        _checked(office.post("/simulation/v1/attachments", content=_pieces(world / f"attachments-{slug}.jsonl")))
        tell(f"Operator {side.code}: announces the end of 3G")
        announce(office, phase_out(world, slug, datetime.now(UTC)))
        if charged:
            tell(f"Operator {side.code}: two months of usage, and bills")
            charging.charge(office, side.code, UTILITY)
    return int(loaded["loaded"]) + int(loaded["known"])


class Platform:
    """The utility's REST API, as far as filling and the stories need it."""

    def __init__(self, url: str, token: str, reach: Reach = STRAIGHT) -> None:
        self._http = httpx.Client(
            base_url=url.rstrip("/") + "/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=300,
            transport=reach.people(),
        )

    def close(self) -> None:
        """Give up the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(self, path: str, **query: Any) -> Any:
        """Read a resource."""
        return _checked(self._http.get(path, params={k: v for k, v in query.items() if v is not None}))

    def post(self, path: str, body: Any = None) -> Any:
        """Send a document."""
        return _checked(self._http.post(path, json=body))

    def put(self, path: str, body: Any) -> Any:
        """Replace a resource."""
        return _checked(self._http.put(path, json=body))

    def status_of(self, path: str, body: Any = None) -> int:
        """Send a document that may be refused, and say with which status it was answered."""
        return self._http.post(path, json=body).status_code

    def upload(self, path: str, file: Path, fields: Mapping[str, str]) -> Any:
        """Send a file with form fields."""
        with file.open("rb") as stream:
            return _checked(self._http.post(path, data=dict(fields), files={"file": (file.name, stream)}))

    def upload_text(self, path: str, name: str, text: str, fields: Mapping[str, str]) -> Any:
        """Send a text as a file with form fields."""
        return _checked(self._http.post(path, data=dict(fields), files={"file": (name, text.encode())}))

    def send_bill(self, operator: str, name: str, content: bytes) -> None:
        """Send an operator's bill; one that is here already is left alone."""
        answer = self._http.post(f"/operators/{operator}/bills", files={"file": (name, content)})
        if answer.status_code != httpx.codes.CONFLICT:
            _checked(answer)

    def pages(self, path: str, **query: Any) -> Iterator[Any]:
        """Every item of a list."""
        cursor: str | None = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["items"]
            cursor = page.get("next")
            if not cursor:
                return


def fill_platform(platform: Platform, sides: Sequence[OperatorSide], world: Path, ways: Ways, tell: Tell) -> Filled:
    """Enter operators, contracts and connections, import the world's files, and have each operator read in full.

    What was done before is done again without effect: every step replaces or updates by external identifier.
    """
    described = msgspec.json.decode((world / "world.json").read_bytes())
    pools = _pools(world)
    for operator in described["operators"]:
        side = next(one for one in sides if one.code == operator["code"])
        _enter_operator(platform, operator, side, pools[side.code], ways)
    filled = Filled()
    for item in described["imports"]:
        tell(f"Import: {item['file']}")
        report = _import(platform, world / item["file"], ways.mappings / item["mapping"])
        filled.imported[item["kind"]] = filled.imported.get(item["kind"], 0) + report["rows_read"]
        filled.bad_rows += report["rows_bad"]
    for side in sides:
        tell(f"Operator {side.code}: reading everything it has")
        _read_everything(platform, side.code)
    return filled


def check_bills(platform: Platform, sides: Sequence[OperatorSide], tell: Tell) -> None:
    """Enter what contracts say, and check the bills that operators sent; those that are here stay as they are."""
    for side in sides:
        contract, tariffs = charging.terms(side.code)
        platform.put(f"/operators/{side.code}/usage-contract", contract)
        for plan, tariff in tariffs:
            platform.put(f"/operators/{side.code}/tariffs/{quote(plan, safe='')}", tariff)
    yesterday = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()

    def read() -> bool:
        return all(one["last_day"] == yesterday for one in platform.get("/usage/feeds")["items"])

    tell("Usage: records of two months")
    wait_until(read, "usage records are read")
    for side in sides:
        tell(f"Operator {side.code}: its bills")
        headers = {"Authorization": f"Bearer {side.backoffice_token}"}
        with httpx.Client(base_url=side.backoffice_url, headers=headers, timeout=300) as office:
            for name, content in charging.bill_files(office, UTILITY):
                platform.send_bill(side.code, name, content)


def _enter_operator(
    platform: Platform, operator: Mapping[str, Any], side: OperatorSide, apns: Sequence[str], ways: Ways
) -> None:
    code = side.code
    platform.put(f"/operators/{code}", {"name": operator["name"], "plmns": [operator["plmn"]]})
    terms = {
        "calls_per_second": side.calls_per_second,
        "max_batch": side.max_changes_per_plan,
        "apns": list(apns),
    }
    platform.put(f"/operators/{code}/contracts/{code}-GRID", terms)
    connection = {
        "provider": "mns3gpp",
        "base_url": f"{side.standard_url}/3gpp-mns",
        "dn": f"SubNetwork={UTILITY}",
        "certificate": f"{ways.client}.pem",
        "private_key": f"{ways.client}.key",
        "authority": "ca.pem",
        "notification_fingerprint": side.notifier_fingerprint,
        "notification_url": f"{ways.notifications}/3gpp/notifications/{code}",
    }
    platform.put(f"/operators/{code}/connection", connection)


def _pools(world: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with (world / "address-pools.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["operator"], []).append(row["apn"])
    return found


def _import(platform: Platform, file: Path, mapping: Path) -> dict[str, Any]:
    spec = msgspec.json.encode(tomllib.loads(mapping.read_text(encoding="utf-8"))).decode()
    made = platform.upload("/imports", file, {"spec": spec, "mode": "keep_good"})
    report: dict[str, Any] = {}

    def ended() -> bool:
        report.update(platform.get(f"/imports/{made['id']}"))
        return report["state"] not in {"queued", "running"}

    wait_until(ended, f"{file.name} is imported")
    if report["state"] != "done":
        raise Unavailable(f"{file.name} was not imported: {report['state']}. {report.get('message', '')}")
    return report


def _read_everything(platform: Platform, code: str) -> None:
    """Have an operator read in full; where the platform's own first read is under way, ours comes after it."""
    why = ""
    for _attempt in range(_READS):
        asked = platform.post(f"/operators/{code}/syncs", {"reason": "After the import."})["id"]
        found: dict[str, Any] = {}

        def ended(asked: int = asked, found: dict[str, Any] = found) -> bool:
            every = platform.get(f"/operators/{code}/syncs")["items"]
            found.update(next(one for one in every if one["id"] == asked))
            return all(one["state"] not in {"queued", "running"} for one in every)

        wait_until(ended, f"operator {code} is read")
        if found["state"] == "done":
            return
        why = found["message"]
    raise Unavailable(f"Operator {code} could not be read: {why}")


def wait_until(done: Callable[[], bool], what: str, *, seconds: float = 600, every: float = 0.25) -> None:
    """Wait for a condition. Raises ``Unavailable`` naming it when it does not come true in time."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise Unavailable(f"Waited {seconds:g} seconds in vain: {what}.")
        time.sleep(every)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            yield piece


def _checked(answer: httpx.Response) -> Any:
    if answer.is_success:
        return msgspec.json.decode(answer.content) if answer.content else None
    raise Unavailable(
        f"{answer.request.method} {answer.request.url.path} was answered {answer.status_code}: {answer.text[:800]}"
    )
