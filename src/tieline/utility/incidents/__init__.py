"""Incidents: anything wrong, with its evidence and its way back. First of all a change that nobody explains.

What other contexts may call stands here. A use case takes a transaction and the asker's scope:

- :func:`open_incident`, :func:`resolve_by_key`: what another context finds wrong; nothing twice for a key;
- :func:`expect`, :func:`end_expectations`: what will deviate for a while and is no incident until then;
- :func:`page`, :func:`counts`, :func:`detail`, :func:`member_page`, :func:`all_members`, :func:`matching`,
  :func:`reconciliations`, :func:`expected_now` look at them;
- :func:`acknowledge`, :func:`assign`, :func:`comment`, :func:`resolve`, :func:`reopen`, :func:`act_on_many`;
- :func:`revert`, :func:`keep`, :func:`block` make the change that is the way out.
- :func:`sweep` looks at everything that deviates at once, as the worker does every half minute.

Upwards goes the outbox topic ``incident.state``.
"""

from tieline.utility.incidents.kinds import REVERT
from tieline.utility.incidents.model import (
    Expectation,
    Expected,
    Incident,
    IncidentFilter,
    Kind,
    Member,
    NewIncident,
    Reconciliation,
    Severity,
    State,
)
from tieline.utility.incidents.policy.words import FIELD_WORDS, KIND_WORDS, fields_word, means, value_word
from tieline.utility.incidents.service.common import TOPIC
from tieline.utility.incidents.service.expecting import (
    end_expectations,
    end_expectations_each,
    end_one,
    expect,
    expect_each,
    expected_now,
)
from tieline.utility.incidents.service.filing import members_csv
from tieline.utility.incidents.service.hearing import sweep
from tieline.utility.incidents.service.reverting import block, keep, revert
from tieline.utility.incidents.service.watching import (
    Detail,
    all_members,
    counts,
    detail,
    matching,
    member_page,
    page,
    reconciliations,
)
from tieline.utility.incidents.service.working import (
    Mass,
    acknowledge,
    act_on_many,
    assign,
    comment,
    open_incident,
    reopen,
    resolve,
    resolve_by_key,
)

__all__ = [
    "FIELD_WORDS",
    "KIND_WORDS",
    "REVERT",
    "TOPIC",
    "Detail",
    "Expectation",
    "Expected",
    "Incident",
    "IncidentFilter",
    "Kind",
    "Mass",
    "Member",
    "NewIncident",
    "Reconciliation",
    "Severity",
    "State",
    "acknowledge",
    "act_on_many",
    "all_members",
    "assign",
    "block",
    "comment",
    "counts",
    "detail",
    "end_expectations",
    "end_expectations_each",
    "end_one",
    "expect",
    "expect_each",
    "expected_now",
    "fields_word",
    "keep",
    "matching",
    "means",
    "member_page",
    "members_csv",
    "open_incident",
    "page",
    "reconciliations",
    "reopen",
    "resolve",
    "resolve_by_key",
    "revert",
    "sweep",
    "value_word",
]
