from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.console.components import mapping, samples
from tieline.console.components.figures import Bar, Chart, Run, Segment, Series, Spark, StackedBars
from tieline.console.components.tables import Filter, FilterBar, FilterKind, Option
from tieline.console.components.values import Badge, Tone, worst
from tieline.console.components.work import Approval, Lot, Progress, Signature, count_confirmed
from tieline.console.render import kind_of, with_query

counts = st.integers(0, 10**6)


def test_the_worst_of_several_states() -> None:
    assert worst([Tone.OK, Tone.BAD, Tone.OFF]) is Tone.BAD
    assert worst([Tone.OK, Tone.UNKNOWN]) is Tone.UNKNOWN
    assert worst([]) is Tone.UNKNOWN


@given(st.lists(st.lists(counts, min_size=1, max_size=6), min_size=1, max_size=5))
def test_stacked_bars_stay_within_their_width_and_hide_nothing(rows: list[list[int]]) -> None:
    bars = tuple(
        Bar(f"b{n}", tuple(Segment(f"s{m}", value) for m, value in enumerate(row))) for n, row in enumerate(rows)
    )
    stacked = StackedBars("all", bars)
    for bar in bars:
        pieces = stacked.pieces(bar)
        assert len(pieces) == sum(segment.value > 0 for segment in bar.segments)
        assert all(piece.width >= 0 and piece.x + piece.width <= 100.02 for piece in pieces)
    assert sum(kind.value for kind in stacked.kinds()) == sum(map(sum, rows))


def test_relative_bars_fill_their_width() -> None:
    bars = (Bar("few", (Segment("a", 1), Segment("b", 3))), Bar("many", (Segment("a", 4000),)))
    few = StackedBars("all", bars, relative=True).pieces(bars[0])
    assert [(piece.x, piece.width) for piece in few] == [(0, 25), (25, 75)]


def test_a_sparkline_does_not_bridge_what_is_missing() -> None:
    spark = Spark([1, 2, None, 4], "Latency")
    assert len(spark.paths()) == 2
    assert spark.words == "Latency: last 4, lowest 1, highest 4"
    assert spark.last is not None
    assert spark.last[0] == 93
    assert Spark([None, None], "Latency").words == "Latency: no values"
    assert Spark([], "Latency").paths() == ()


def test_a_flat_sparkline_runs_through_the_middle() -> None:
    assert Spark([7, 7], "x").last == (93, 12)


def test_a_ribbons_words_are_counted_from_its_runs() -> None:
    totals = samples.ribbon().totals()
    assert sum(seconds for _, _, seconds, _ in totals) == timedelta(days=30).total_seconds()
    assert sum(share for *_, share in totals) == pytest.approx(1)
    assert ("Down", Tone.BAD, 900, 3 / 8640) in totals
    assert samples.ribbon().runs[1] == Run("down", 3)


def test_a_chart_refuses_what_it_could_not_draw_truthfully() -> None:
    with pytest.raises(ValueError, match="needs 2 values"):
        Chart("Calls", (1, 2), (Series("A", (1,)),))
    with pytest.raises(ValueError, match="do not rise"):
        Chart("Calls", (2, 2), (Series("A", (1, 1)),))


@given(counts, counts, counts, counts, counts)
def test_progress_adds_up(verified: int, done: int, failed: int, waiting: int, blocked: int) -> None:
    lot = Lot("x", verified, done, failed, waiting, blocked)
    assert lot.total == verified + done + failed + waiting + blocked
    assert 0 <= lot.share <= 1
    drawn = Progress(lot).pieces(lot)
    assert {tone for tone, *_ in drawn} == {t for t, n in (("ok", verified), ("busy", done), ("bad", failed)) if n}
    assert all(x <= 100.01 for _, x, _ in drawn)


def test_progress_with_nothing_to_do_is_done() -> None:
    assert Lot("x", blocked=5).share == 1


@pytest.mark.parametrize(
    ("count", "typed", "confirmed"),
    [
        (1000, "", True), (1001, "", False), (1001, "1001", True), (39_786, "39 786", True), (39_786, "39,786", True),
        (39_786, "39\u202f786", True), (39_786, "39 78", False), (39_786, "-39786", False), (39_786, "٣٩٧٨٦", False),
        (39_786, "9" * 10_000, False),
    ],
)  # fmt: skip
def test_above_a_thousand_the_number_is_typed(count: int, typed: str, confirmed: bool) -> None:
    assert count_confirmed(count, typed) is confirmed


def test_filters_say_what_they_do() -> None:
    bar = samples.filters()
    words = {one.key: one.words for one in bar.filters}
    assert words == {
        "operator": "Operator A", "tech": "", "name": "“Neustadt”", "demand": "5 to 40 MVA", "seen": "", "critical": "",
    }  # fmt: skip
    assert Filter("x", "X", FilterKind.RANGE, low="5").words == "from 5"
    assert Filter("x", "X", FilterKind.DATES, high="2025-01-01").words == "to 2025-01-01"
    assert Filter("x", "X", FilterKind.FLAG, value="1").words == "yes"


def test_taking_a_filter_away_keeps_the_others_and_goes_to_the_first_page() -> None:
    demand = Filter("demand", "Demand", FilterKind.RANGE, low="5")
    operator = Filter(
        "op", "Operator", FilterKind.CHOICE, (Option("A", "A", chosen=True), Option("B", "B", chosen=True))
    )
    bar = FilterBar("/sites?op=A&op=B&demand_from=5&after=abc", (demand, operator))
    assert bar.path == "/sites"
    assert with_query(bar.url, **bar.without(demand)) == "/sites?op=A&op=B"
    assert with_query(bar.url, **bar.cleared) == "/sites"


def test_with_query_encodes_and_repeats() -> None:
    assert with_query("/x?a=1&before=k", b=["ü", "&"], a=None) == "/x?b=%C3%BC&b=%26"
    assert with_query("/x?a=1", after="k") == "/x?a=1&after=k"


def test_kinds_of_values() -> None:
    assert [kind_of(one) for one in (None, "", "x", 3, 3.5, True, samples.NOW, samples.STATES[0])] == [
        "none", "none", "text", "number", "number", "bool", "moment", "badge",
    ]  # fmt: skip


def test_the_worst_feed_decides() -> None:
    frame = samples.frame("index", ())
    assert frame.feeds_tone is Tone.WARN
    assert frame.feeds_word == "1 of 3 feeds late"
    assert [name for name, _ in frame.groups()] == ["Network", "Administration"]


def test_map_columns_travel_compactly() -> None:
    packed = mapping.pack(samples.fleet(50_000))
    assert len(packed) < 3_000_000
    back = msgspec.json.decode(packed, type=mapping.Points)
    assert back.ids[:2] == ["site-0", "site-1"]
    assert len(back.lon) == len(back.dimensions[0].values) == 50_000
    assert {kind.key: kind.rank for kind in back.dimensions[0].kinds} == {"ok": 1, "reserve": 5, "down": 6, "never": 3}


def test_a_map_layer_that_is_not_square_is_refused() -> None:
    with pytest.raises(ValueError, match="needs 1 values"):
        mapping.pack(mapping.Points(["a"], ["A"], [1, 2], [1], []))
    kinds = (mapping.Kind("k", "K", "ok"),)
    with pytest.raises(ValueError, match="without a kind"):
        mapping.pack(mapping.Points(["a"], ["A"], [1], [1], [mapping.Dimension("d", "D", kinds, [1])]))
    with pytest.raises(KeyError):
        mapping.points([("a", "A", 0, 0, {"d": "other"})], [("d", "D", kinds)])


@pytest.mark.parametrize(
    ("over", "signed", "title"),
    [(False, False, "Approval needed"), (False, True, "Approved"), (True, False, "Approval is void")],
)
def test_an_approval_that_is_void_is_not_asked_for_again(*, over: bool, signed: bool, title: str) -> None:
    at = datetime(2026, 5, 4, tzinfo=UTC)
    signatures = (Signature("dirk", at, Badge("Approved", Tone.OK)),) if signed else ()
    assert Approval("3G to 4G", "mara", at, "0" * 64, 1, signatures=signatures, over=over).title == title


def test_a_plan_that_was_rejected_says_so_until_it_is_submitted_again() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    no = (Signature("dirk", at, Badge("Rejected", Tone.BAD)),)
    rejected, again = (Approval("x", "mara", at, "0" * 64, 1, signatures=no, rejected=is_so) for is_so in (True, False))
    assert (rejected.title, again.title) == ("Rejected", "Approval needed")
