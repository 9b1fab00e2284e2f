"""Names of managed objects (TS 32.300) and the URIs that carry them (TS 32.158 clause 4.2.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.standards.mns.dn import MAX_LEVELS, Dn
from tieline.standards.mns.errors import DnError

class_names = st.from_regex(r"[A-Z][A-Za-z0-9]{0,20}", fullmatch=True)
identifiers = (
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(',=+<>#;\\"/% abcdef09'),
        min_size=1,
        max_size=12,
    )
    .map(lambda text: text.strip(" "))
    .filter(bool)
)
levels = st.lists(st.tuples(class_names, identifiers), min_size=1, max_size=5)


def test_reads_and_writes_both_forms() -> None:
    dn = Dn.parse("SubNetwork=U,UtilitySubscription=7")
    assert dn == Dn.from_uri("/SubNetwork=U/UtilitySubscription=7")
    assert str(dn) == "SubNetwork=U,UtilitySubscription=7"
    assert dn.uri == "/SubNetwork=U/UtilitySubscription=7"
    assert (dn.class_name, dn.id) == ("UtilitySubscription", "7")


def test_family() -> None:
    root = Dn.parse("SubNetwork=U")
    dn = root.child("UtilitySubscription", "7")
    assert dn.parent == root
    assert root.parent is None
    assert dn.is_below(root)
    assert dn.is_at_or_below(dn)
    assert not dn.is_below(dn)
    assert not Dn.parse("SubNetwork=U2,UtilitySubscription=7").is_below(root)


@given(levels)
def test_round_trips(pairs: list[tuple[str, str]]) -> None:
    try:
        dn = Dn.of(*pairs)
    except DnError as error:
        assert "octets" in str(error)  # noqa: PT017 - only the length may refuse these
        return
    assert Dn.parse(str(dn)) == dn
    assert Dn.from_uri(dn.uri) == dn
    assert Dn.from_href(f"https://host:8410/ProvMnS/v1{dn.uri}#/attributes/apn") == dn


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        (r"A=one\,two", "one,two"),
        (r"A=a\=b", "a=b"),
        (r"A=\C3\A9t\C3\A9", "été"),
        (r"A=\\ab", r"\ab"),
        ("A = spaced ", "spaced"),
    ],
)
def test_escapes(text: str, identifier: str) -> None:
    assert Dn.parse(text).id == identifier


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not of the form"),
        ("SubNetwork", "not of the form"),
        ("SubNetwork=", "empty identifier"),
        ("=7", "no class name"),
        ("7up=1", "no class name"),
        ("A=1,,B=2", "not of the form"),
        ("A=1,", "not of the form"),
        (r"A=x\,y,", "not of the form"),
        ("A=b=c", "must be escaped"),
        (r"A=b\,c=d", "must be escaped"),
        ("A=b\\", "middle of an escape"),
        (r"A=\FF", "not UTF-8"),
        ("A=tab\there", "control character"),
        ("A=" + "x" * 400, "octets"),
        (",".join(["A=1"] * (MAX_LEVELS + 1)), "levels"),
        ("A" * 65 + "=1", "no class name"),
    ],
)
def test_refuses_what_is_no_name(text: str, says: str) -> None:
    with pytest.raises(DnError, match=says):
        Dn.parse(text)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/", "not of the form"),
        ("/SubNetwork=U/", "not of the form"),
        ("/SubNetwork=U/..", "not of the form"),
        ("/SubNetwork=%zz", "broken percent"),
        ("/SubNetwork=%FF", "not UTF-8"),
        ("/SubNetwork=%00", "control character"),
        ("/SubNetwork=" + "%20" * 2000, "at most"),
    ],
)
def test_refuses_what_is_no_path(path: str, says: str) -> None:
    with pytest.raises(DnError, match=says):
        Dn.from_uri(path)


def test_an_encoded_slash_stays_inside_the_identifier() -> None:
    dn = Dn.from_uri("/SubNetwork=a%2Fb")
    assert dn.id == "a/b"
    assert dn.uri == "/SubNetwork=a%2Fb"


def test_a_uri_without_an_object_is_refused() -> None:
    with pytest.raises(DnError, match="names no managed object"):
        Dn.from_href("https://host/plan-management/v1")
