"""Files that come with a form: bills, usage of operators without an interface, who is on which plan."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from starlette.datastructures import FormData

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope
from tieline.platform.wiring import Runtime
from tieline.standards.tmf.usage import Stretch, Volume
from tieline.utility import inventory
from tieline.utility.inventory import FieldSpec, Sheet, Upload
from tieline.utility.usage import filing
from tieline.utility.usage.jobs import defer_check, defer_rating
from tieline.utility.usage.model import BillLine, Charge, Contract, Period, Taken
from tieline.utility.usage.policy.periods import period_of
from tieline.utility.usage.service.common import contract_of
from tieline.utility.usage.service.taking import merged, note, take
from tieline.utility.usage.store import bills, contracts

MOST_LINES, MOST_RECORDS = 500_000, 3_000_000
KEPT_PROBLEMS = 1000


async def _sent(runtime: Runtime, form: FormData, fields: Sequence[FieldSpec], most: int) -> tuple[Upload, Sheet]:
    """The file of a form and what it says; it is gone once it is read."""
    upload = await inventory.keep_sent(runtime.settings, form)
    try:
        return upload, await inventory.read_table(runtime.settings, upload, fields, most_rows=most)
    finally:
        await asyncio.to_thread(upload.path.unlink, missing_ok=True)


# ── bills ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def receive(runtime: Runtime, scope: Scope, operator: str, form: FormData) -> int:
    """Take a bill in, to be checked; gives its number here.

    Raises:
        Invalid: for a file that is no bill, with what is wrong.
        Conflict: when it is here already.

    """
    scope.require(Permission.USAGE_WRITE)
    async with runtime.db.snapshot() as tx:
        contract = await contract_of(tx, scope, operator)
    upload, sheet = await _sent(runtime, form, filing.BILL, MOST_LINES)
    about, lines = await asyncio.to_thread(_bill, contract, sheet, upload)
    async with runtime.db.transaction() as tx:
        return await _keep(tx, scope, contract, {**about, "at": runtime.clock.now()}, lines)


def _bill(contract: Contract, sheet: Sheet, upload: Upload) -> tuple[dict[str, Any], list[BillLine]]:
    """What a file says of its bill, and the bill's lines. Raises ``Invalid`` for what is no bill of the contract."""
    lines = [_line(row.line, row.values) for row in sheet.rows]
    if not lines:
        raise Invalid("No line of the file can be read as one of a bill.", list(sheet.problems[:20]))
    claimed = sum((one.amount for one in lines), Decimal())
    return {**_about(contract, sheet, upload), "lines": len(lines), "claimed": claimed}, lines


def _line(number: int, values: Mapping[str, Any]) -> BillLine:
    return BillLine(
        line=number,
        ref=values.get("subscription", ""),
        iccid=values.get("iccid", ""),
        msisdn=values.get("msisdn", ""),
        plan=values.get("plan", ""),
        charge=values.get("charge", Charge.OTHER),
        days=values.get("days"),
        volume_mb=values.get("volume_mb"),
        rate=values.get("rate"),
        amount=values["amount"],
    )


def _about(contract: Contract, sheet: Sheet, upload: Upload) -> dict[str, Any]:
    """What the bill says of itself, which is the same on every line. Raises ``Invalid`` where it is not."""
    told = {
        name: {row.values.get(name) for row in sheet.rows}
        for name in ("invoice", "period_from", "period_to", "currency")
    }
    problems = [
        Problem(name, "same", f"It is not the same on every line: {', '.join(sorted(map(str, values)))[:200]}.")
        for name, values in told.items()
        if len(values) > 1
    ]
    (number,), (first,), (last,), (currency,) = (tuple(values)[:1] for values in told.values())
    if currency and currency != contract.currency:
        problems.append(Problem("currency", "contract", f"The contract is in {contract.currency}.", currency))
    if first is None or last is None or last < first:
        problems.append(Problem("period_from", "required", "Say from which day to which one it is."))
    elif Period(first, last) != period_of(first, contract.billing_day):
        meant = period_of(first, contract.billing_day)
        told_words = f"By the contract the period is {meant.first} to {meant.last}."
        problems.append(Problem("period_from", "period", told_words, f"{first} to {last}"))
    if problems:
        raise Invalid("The file is no bill of one period under this contract.", problems)
    return {
        "number": number or upload.name[:64],
        "first": first,
        "last": last,
        "currency": contract.currency,
        "file_name": upload.name,
        "sha256": upload.sha256,
        "bad_lines": sheet.bad,
        "problems": [msgspec.to_builtins(one) for one in sheet.problems[:KEPT_PROBLEMS]],
    }


async def _keep(tx: Tx, scope: Scope, contract: Contract, about: Mapping[str, Any], lines: Sequence[BillLine]) -> int:
    had = await bills.same(tx, contract.operator_id, about["number"], about["sha256"])
    if had is not None:
        raise Conflict(
            f"Bill {had['number']} is here already.",
            advice="Take the earlier one away first, if this one is to stand in its place.",
        )
    bill_id = await bills.add(tx, {**about, "operator_id": contract.operator_id, "by": scope.actor})
    if bill_id is None:
        raise Conflict("The same bill was sent by somebody else just now.")
    await bills.add_lines(tx, bill_id, lines)
    await defer_check(tx, bill_id)
    detail = {name: about[name] for name in ("number", "lines", "sha256")} | {"claimed": str(about["claimed"])}
    await audit.append(tx, scope, audit.Entry("usage.bill-received", f"usage-bill:{bill_id}", detail))
    return bill_id


# ── usage and assignments ─────────────────────────────────────────────────────────────────────────────────────────────


async def take_usage(runtime: Runtime, scope: Scope, operator: str, form: FormData) -> tuple[Taken, Sheet]:
    """Take a usage file in: good rows count, bad ones are told. A row takes the place of what was known of its day."""
    scope.require(Permission.USAGE_WRITE)
    operator_id = await _operator_id(runtime, scope, operator)
    upload, sheet = await _sent(runtime, form, filing.USAGE, MOST_RECORDS)
    told = await asyncio.to_thread(lambda: merged(_stretch(row.values) for row in sheet.rows))
    async with runtime.db.transaction() as tx:
        taken = await take(tx, operator_id, told, runtime.clock.now())
        await note(tx, operator_id, taken.days, source="file", at=runtime.clock.now())
        if taken.records:
            await defer_rating(tx, operator)
        detail = {"file": upload.name, "sha256": upload.sha256, "records": taken.records, "bad": sheet.bad}
        await audit.append(tx, scope, audit.Entry("usage.file-taken", f"operator:{operator}", detail))
    return taken, sheet


def _stretch(values: Mapping[str, Any]) -> Stretch:
    volume = Volume(values["up"], values["down"], values.get("sessions", 0))
    return Stretch(values["subscription"], values["day"], (volume,))


async def take_assignments(runtime: Runtime, scope: Scope, operator: str, form: FormData) -> tuple[int, Sheet]:
    """Take in who was on which plan, and since when; for these the file counts from then on, not the inventory."""
    scope.require(Permission.OPERATOR_WRITE)
    operator_id = await _operator_id(runtime, scope, operator)
    upload, sheet = await _sent(runtime, form, filing.ASSIGNMENTS, MOST_LINES)
    async with runtime.db.transaction() as tx:
        known = {row["ref"]: row["id"] for row in await bills.known(tx, operator_id)}
        rows = _assigned(sheet, known)
        await contracts.assign(tx, operator_id, rows)
        await defer_rating(tx, operator)
        detail = {"file": upload.name, "sha256": upload.sha256, "rows": len(rows), "bad": sheet.bad}
        await audit.append(tx, scope, audit.Entry("usage.plans-assigned", f"operator:{operator}", detail))
    return len(rows), sheet


def _assigned(sheet: Sheet, known: Mapping[str, int]) -> list[dict[str, Any]]:
    """Rows that can be kept. Raises ``Invalid`` for unknown subscriptions, and for times that overlap."""
    problems: list[Problem] = []
    rows: list[dict[str, Any]] = []
    until: dict[str, date | None] = {}
    for row in sorted(sheet.rows, key=lambda one: (one.values["subscription"], one.values["from"])):
        ref, first, last = row.values["subscription"], row.values["from"], row.values.get("to")
        if ref not in known:
            problems.append(Problem("subscription", "unknown_reference", "It is not in the inventory.", ref, row.line))
        elif last is not None and last < first:
            problems.append(Problem("to", "order", "It is left after it is begun.", str(last), row.line))
        elif ref in until and (until[ref] is None or until[ref] > first):
            problems.append(Problem("from", "overlap", "Another row of it covers this day.", str(first), row.line))
        else:
            until[ref] = last
            rows.append({"id": known[ref], "ref": ref, "plan": row.values["plan"], "from": first, "to": last})
    if problems:
        raise Invalid("Nothing was taken: some rows cannot be kept.", problems[:100])
    return rows


async def _operator_id(runtime: Runtime, scope: Scope, operator: str) -> int:
    async with runtime.db.snapshot() as tx:
        found = await inventory.operators(tx, scope, operator)
    if not found:
        raise NotFound(f"There is no operator {operator}, or you may not see it.")
    return found[0].id
