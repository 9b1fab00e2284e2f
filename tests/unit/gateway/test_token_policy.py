"""Scopes: which one a call needs, and how they and thumbprints are written."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.gateway.authorization.policy import needed, read_scopes, thumbprint_of, write_scopes
from tieline.gateway.model import TokenScope

TREE = "/3gpp-mns/ProvMnS/v1/SubNetwork=U1"
PLANS = "/3gpp-mns/plan-management/v1/plan-descriptors"


@pytest.mark.parametrize(
    ("method", "path", "enough"),
    [
        ("GET", TREE, "read"),
        ("HEAD", TREE, "read"),
        ("PATCH", TREE, "write"),
        ("PUT", f"{TREE}/NtfSubscriptionControl=1", "write"),
        ("DELETE", f"{TREE}/NtfSubscriptionControl=1", "write"),
        ("GET", PLANS, "read plans"),
        ("POST", PLANS, "plans"),
        ("GET", "/tmf-api/changeManagement/v4/changeRequest", "notices"),
        ("POST", "/tmf-api/changeManagement/v4/hub", "notices"),
        ("POST", "/3gpp-5glan-pp/v1/af/subscriptions", "groups"),
        ("GET", "/3gpp-monitoring-event/v1/as/subscriptions", "events"),
        ("GET", "/what-comes-later", "read"),
        ("POST", "/what-comes-later", "write"),
    ],
)
def test_the_scope_that_a_call_needs(method: str, path: str, enough: str) -> None:
    assert {scope.value for scope in needed(method, path)} == set(enough.split())


@given(st.sets(st.sampled_from(TokenScope), min_size=1))
def test_scopes_come_back_as_they_were_written(scopes: set[TokenScope]) -> None:
    assert read_scopes(write_scopes(frozenset(scopes))) == frozenset(scopes)


def test_an_unknown_scope_is_told_from_none() -> None:
    assert read_scopes("") == frozenset()
    assert read_scopes("read everything") is None


RFC_8705 = """
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRs
czBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0t
H6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFf
Qj1L+SY=
"""
"""The certificate of RFC 8705 appendix A, figure 6."""


def test_the_thumbprint_is_the_one_of_the_standard() -> None:
    fingerprint = hashlib.sha256(base64.b64decode(RFC_8705)).hexdigest()
    assert thumbprint_of(fingerprint) == "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"  # figure 5
