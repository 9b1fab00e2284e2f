"""What a plan touches."""

from tieline.utility.changes.model import PlannedItem, Reason
from tieline.utility.changes.policy.impact import assess


def item(source: int, site: int, operator: str, criticality: str = "normal", **more: Reason) -> PlannedItem:
    return PlannedItem(
        operator_id=1,
        operator=operator,
        source_id=source,
        fingerprint="",
        site_id=site,
        site=f"S{site}",
        region="North" if site < 3 else "South",
        criticality=criticality,
        customers=100 * site,
        **more,  # type: ignore[arg-type]
    )


def test_sites_are_counted_once_and_blocked_items_not_at_all() -> None:
    impact = assess(
        [
            item(1, 1, "A"),
            item(2, 1, "B"),
            item(3, 3, "A", "critical"),
            item(4, 4, "B", blocked=Reason("no-stock", "No card is left.")),
        ]
    )
    assert (impact.items, impact.sites, impact.customers, impact.critical_sites) == (3, 2, 400, 1)
    assert [site.external_id for site in impact.critical] == ["S3"]
    assert impact.by_region == {"North": 2, "South": 1}
    assert impact.by_operator == {"A": 2, "B": 1}
    assert impact.by_state == {"planned": 3, "blocked": 1}
    assert impact.by_reason == {"no-stock": 1}
    assert impact.reasons["no-stock"] == "No card is left."
