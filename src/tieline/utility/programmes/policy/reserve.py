"""Whether a link may go over now: never while it is the only one that carries its site."""

from collections.abc import Mapping, Sequence

from tieline.utility.programmes.model import LinkRow, LinkState

_OVER = frozenset({LinkState.PASSED, LinkState.RETIRED})


def carries(link: LinkRow, attached: Mapping[int, bool]) -> bool:
    """Whether a link carries its site: the new subscription once it has passed its test, the old one before."""
    if link.state in _OVER:
        return link.new_subscription_id is not None and attached.get(link.new_subscription_id, False)
    return link.cut_at is None and attached.get(link.old_subscription_id, False)


def alone(link: LinkRow, site: Sequence[LinkRow], attached: Mapping[int, bool]) -> bool:
    """Whether nothing else would carry the site while this link goes over.

    A link that carries nothing now has nothing to lose, and where there is only one the visit is the outage.
    """
    others = [other for other in site if other.id != link.id]
    if not others or not carries(link, attached):
        return False
    return not any(carries(other, attached) for other in others)


def in_order(links: Sequence[LinkRow], attached: Mapping[int, bool]) -> list[LinkRow]:
    """The order in which a crew replaces links: what carries nothing first, then the backup, then what is in use."""
    return sorted(links, key=lambda link: (carries(link, attached), link.position))
