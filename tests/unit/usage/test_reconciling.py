"""Bills line by line: each verdict by hand, and no amount that falls between them."""

from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.usage.model import BillLine, Charge, Expected, Verdict
from tieline.utility.usage.policy.reconciling import Known, Names, reconcile, tally


def names(*refs: str, state: str = "ACTIVE") -> Names:
    found = Names()
    for at, ref in enumerate(refs, 1):
        found.add(Known(at, ref, state), iccid=f"8900{ref}", msisdn=f"+44{at}")
    return found


def line(ref: str = "S1", amount: str = "2.00", charge: Charge = Charge.FEE, **more: object) -> BillLine:
    values = {"line": 2, "iccid": "", "msisdn": "", "plan": "P", "days": None, "volume_mb": None, "rate": None}
    return BillLine(ref=ref, amount=Decimal(amount), charge=charge, **{**values, **more})  # type: ignore[arg-type]


def fee(ref: str = "S1", amount: str = "2.00", **more: object) -> Expected:
    values = {"plan": "P", "charge": Charge.FEE, "rate": Decimal("2.00"), "days": 31}
    return Expected(ref=ref, amount=Decimal(amount), **{**values, **more})  # type: ignore[arg-type]


def test_every_verdict_by_hand() -> None:
    owed = [fee("S1"), fee("S2"), fee("S3"), fee("S4", plan="Q")]
    lines = [
        line("S1"),
        line("S2", "2.50", rate=Decimal("2.50")),
        line("S9"),
        line("S5"),
        line("S1"),
        line("S4", "2.00", plan="P"),
        line("", "7.00", Charge.POOL),
    ]
    judged = reconcile(lines, owed, names("S1", "S2", "S3", "S4", "S5", state="RETIRED"))
    assert [one.verdict for one in judged] == [
        Verdict.EXPLAINED,
        Verdict.DIFFERS,
        Verdict.NOT_OURS,
        Verdict.AFTER_END,
        Verdict.REPEATED,
        Verdict.EXPLAINED,
        Verdict.DIFFERS,
        Verdict.MISSING,
    ]
    assert judged[1].why == "The contract says 2.00, not 2.50."
    assert judged[3].why == "It was on no plan in the period; its state is RETIRED."
    assert judged[6].why == "By our records the pool of this plan used nothing beyond what is included."
    assert judged[7].due == owed[2]
    assert tally(judged)["explained"] == (2, Decimal("4.00"), Decimal("4.00"))


def test_a_line_is_found_by_card_and_number_too() -> None:
    known = names("S1", "S2")
    by_card = reconcile([line("", iccid="8900S1")], [fee("S1")], known)
    by_number = reconcile([line("", msisdn="442")], [fee("S2")], known)
    assert [one[0].verdict for one in (by_card, by_number)] == [Verdict.EXPLAINED, Verdict.EXPLAINED]
    assert reconcile([line("")], [], known)[0].why == "The line does not say what it is for."
    assert reconcile([line("S7", iccid="8900S1")], [], known)[0].verdict is Verdict.NOT_OURS, (
        "the reference comes first"
    )


def test_what_differs_is_said() -> None:
    known = names("S1")
    said = line("S1", "1.00", days=10, rate=Decimal("2.00"))
    assert reconcile([said], [fee("S1")], known)[0].why == "It was on the plan on 31 days, not 10."
    volume = line("S1", "1.00", Charge.OVERAGE)
    owed = fee("S1", "0.50", charge=Charge.OVERAGE, rate=Decimal("0.05"))
    assert "another volume" in reconcile([volume], [owed], known)[0].why


refs = st.sampled_from(["S1", "S2", "S3", "S4", "X1", ""])
charges = st.sampled_from(list(Charge))
plans = st.sampled_from(["P", "Q"])
money = st.decimals(-1000, 1000, places=2)
bill_lines = st.lists(
    st.builds(
        lambda ref, amount, charge, plan: BillLine(2, ref, "", "", plan, charge, None, None, None, amount),
        refs,
        money,
        charges,
        plans,
    ),
    max_size=20,
)
owed_amounts = st.lists(
    st.builds(
        lambda ref, plan, charge, amount: Expected(
            "" if charge is Charge.POOL else ref, plan, charge, abs(amount), amount
        ),
        st.sampled_from(["S1", "S2", "S3"]),
        plans,
        st.sampled_from([Charge.FEE, Charge.OVERAGE, Charge.POOL]),
        money,
    ),
    max_size=10,
)


@given(bill_lines, owed_amounts)
def test_nothing_falls_between_the_lines(lines: list[BillLine], owed: list[Expected]) -> None:
    judged = reconcile(lines, owed, names("S1", "S2", "S3", "S4"))
    claimed = sum((one.amount for one in lines), Decimal())
    total = sum((one.amount for one in owed), Decimal())
    assert sum((one.difference for one in judged), Decimal()) == claimed - total
    assert sum((one.expected for one in judged), Decimal()) == total
    assert [one.line for one in judged if one.line is not None] == lines
    assert sum(count for count, _, _ in tally(judged).values()) == len(judged)
    settled = Counter(id(one.due) for one in judged if one.due is not None)
    assert all(count == 1 for count in settled.values()), "nothing is owed twice"
