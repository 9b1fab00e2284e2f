"""Usage: what subscriptions use, what that costs by the contracts, what stands out of it, and operators' bills.

What other contexts may call stands here:

- :func:`feeds`, :func:`statements`, :func:`statement`, :func:`period_at`, :func:`rows`, :func:`of_subscription`: what
  is used and costs;
- :func:`contracts`, :func:`tariffs`, :func:`put_contract`, :func:`put_tariff`, :func:`drop_tariff`,
  :func:`terms_history`: by which terms;
- :func:`finding_page`, :func:`one_finding`, :func:`finding_counts`, :func:`acknowledge`: what stands out;
- :func:`receive_bill`, :func:`bill_page`, :func:`one_bill`, :func:`bill_lines`, :func:`decide_bill`,
  :func:`check_again`, :func:`drop_bill`, :func:`dispute_file`: bills;
- :func:`take_usage`, :func:`take_assignments`: files of operators without an interface;
- outbox topic ``usage.found`` (see ``service.rating``).
"""

from tieline.utility.usage.filing import ASSIGNMENTS, BILL, USAGE
from tieline.utility.usage.jobs import defer_rating
from tieline.utility.usage.model import (
    Bill,
    BillState,
    Charge,
    Contract,
    Feed,
    Finding,
    FindingFilter,
    FindingKind,
    Period,
    Row,
    Statement,
    Taken,
    Tariff,
    Used,
    Verdict,
)
from tieline.utility.usage.policy.words import sentence
from tieline.utility.usage.service.checking import again as check_again
from tieline.utility.usage.service.checking import decide as decide_bill
from tieline.utility.usage.service.checking import dispute as dispute_file
from tieline.utility.usage.service.checking import drop as drop_bill
from tieline.utility.usage.service.checking import line_page as bill_lines
from tieline.utility.usage.service.checking import one as one_bill
from tieline.utility.usage.service.checking import page as bill_page
from tieline.utility.usage.service.filing import receive as receive_bill
from tieline.utility.usage.service.filing import take_assignments, take_usage
from tieline.utility.usage.service.looking import (
    OfSubscription,
    acknowledge,
    feeds,
    finding_counts,
    finding_page,
    of_subscription,
    one_finding,
    period_at,
    rows,
)
from tieline.utility.usage.service.looking import listed as statements
from tieline.utility.usage.service.looking import one_statement as statement
from tieline.utility.usage.service.rating import FOUND
from tieline.utility.usage.service.terms import contracts, drop_tariff, put_contract, put_tariff, tariffs
from tieline.utility.usage.service.terms import history as terms_history

__all__ = [
    "ASSIGNMENTS",
    "BILL",
    "FOUND",
    "USAGE",
    "Bill",
    "BillState",
    "Charge",
    "Contract",
    "Feed",
    "Finding",
    "FindingFilter",
    "FindingKind",
    "OfSubscription",
    "Period",
    "Row",
    "Statement",
    "Taken",
    "Tariff",
    "Used",
    "Verdict",
    "acknowledge",
    "bill_lines",
    "bill_page",
    "check_again",
    "contracts",
    "decide_bill",
    "defer_rating",
    "dispute_file",
    "drop_bill",
    "drop_tariff",
    "feeds",
    "finding_counts",
    "finding_page",
    "of_subscription",
    "one_bill",
    "one_finding",
    "period_at",
    "put_contract",
    "put_tariff",
    "receive_bill",
    "rows",
    "sentence",
    "statement",
    "statements",
    "take_assignments",
    "take_usage",
    "tariffs",
    "terms_history",
]
