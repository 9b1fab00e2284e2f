"""Programmes: changes and visits in an order, with conditions for each site, until the last site is done.

A programme answers a technology that ends. For each of its sites a new subscription is prepared at both operators, a
crew replaces router and cards in one visit, link by link, each link goes over with its fixed address and passes an
acceptance test before the next is touched, and the old subscriptions are retired after a dwell. What changes anything
is a change with its plan and approval; a programme only says when, and in which order.

What other contexts may call stands here: :func:`open_programme`, :func:`approve`, :func:`prepare`, :func:`schedule`,
:func:`steer`, :func:`leave_out`, :func:`take_in`; :func:`page`, :func:`detail`, :func:`extent`, :func:`site_page`,
:func:`site`, :func:`links_of` look at them; :func:`of_site`, :func:`of_change`, :func:`of_notice` from a site, a change
or a notice; :func:`preview` before one is opened.
"""

from tieline.utility.programmes.model import (
    Crews,
    LinkRow,
    LinkState,
    Opening,
    Programme,
    ProgrammeState,
    SiteFilter,
    SiteState,
    Terms,
)
from tieline.utility.programmes.policy.states import FIELD_DONE
from tieline.utility.programmes.service.approving import approve
from tieline.utility.programmes.service.opening import Preview, open_programme, preview
from tieline.utility.programmes.service.scheduling import Scheduled, schedule
from tieline.utility.programmes.service.steering import leave_out, prepare, steer, take_in
from tieline.utility.programmes.service.watching import (
    Detail,
    Part,
    count_sites,
    detail,
    extent,
    links_of,
    of_change,
    of_notice,
    of_site,
    one,
    page,
    site,
    site_page,
)

__all__ = [
    "FIELD_DONE",
    "Crews",
    "Detail",
    "LinkRow",
    "LinkState",
    "Opening",
    "Part",
    "Preview",
    "Programme",
    "ProgrammeState",
    "Scheduled",
    "SiteFilter",
    "SiteState",
    "Terms",
    "approve",
    "count_sites",
    "detail",
    "extent",
    "leave_out",
    "links_of",
    "of_change",
    "of_notice",
    "of_site",
    "one",
    "open_programme",
    "page",
    "prepare",
    "preview",
    "schedule",
    "site",
    "site_page",
    "steer",
    "take_in",
]
