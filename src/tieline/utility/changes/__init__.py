"""Changes: whatever alters configuration, planned, approved, carried out in waves, verified, and undoable.

What other contexts may call stands here. A use case takes a transaction and the asker's scope:

- :func:`create`, :func:`edit`, :func:`undo` make changes; :func:`request_plan` has one planned (with
  :func:`defer_plan` in the same transaction); :func:`submit`, :func:`decide`; :func:`start`, :func:`pause`,
  :func:`resume`, :func:`stop`, :func:`retry`; :func:`release` and :func:`let_go` for items that wait;
- :func:`page`, :func:`detail`, :func:`item_page`, :func:`progress`, :func:`latest_events`, :func:`batches` look at
  them;
- :func:`traces` tells what changes did, or are doing, to subscriptions; :func:`under_way` which are at the operator;
- :data:`KINDS` takes kinds of change of the contexts above (:class:`Kind`); :func:`place`, :func:`current`,
  :func:`reported`, :func:`busy`, :func:`refusals` and :func:`first` are what their plans are made with.

- :func:`register_calendar` puts a context's own entries into the calendar; :func:`outcome`, :func:`report` and
  :func:`review` look back, :func:`record` tells all in one piece; ``templating`` keeps what changes say
  under names;
- :func:`make_hold` freezes, :func:`begin_storm` is storm mode, :func:`veto` the control room's no; :func:`would_hold`
  says what one would hold, :func:`holding` what holds a change, :func:`must_wait` whether a standard one would have to
  wait.

Upwards go the outbox topics ``change.state`` and ``change.hold``.
"""

from tieline.utility.changes.jobs import defer_checks, defer_plan
from tieline.utility.changes.kinds import KINDS, Effect, Kind, Materials, PlainKind
from tieline.utility.changes.kinds.base import busy, current, first, place, reported
from tieline.utility.changes.model import (
    Approval,
    Change,
    ChangeState,
    ChangeType,
    Grade,
    ItemState,
    LaneState,
    PlannedItem,
    Reason,
    Recurring,
    Thresholds,
    Trace,
    Waves,
    Window,
)
from tieline.utility.changes.outcome_routes import csv_of as outcomes_csv
from tieline.utility.changes.policy.approval import Person
from tieline.utility.changes.policy.compatibility import refusals
from tieline.utility.changes.policy.templates import Body as TemplateBody
from tieline.utility.changes.service import templating
from tieline.utility.changes.service.calendar import Entry as CalendarEntry
from tieline.utility.changes.service.calendar import calendar, register_calendar
from tieline.utility.changes.service.checking import request as request_checks
from tieline.utility.changes.service.deciding import decide, outside_policy, submit
from tieline.utility.changes.service.drafting import Draft, create, edit, undo
from tieline.utility.changes.service.holding import TOPIC as HOLD_TOPIC
from tieline.utility.changes.service.holding import (
    Hold,
    Storm,
    Veto,
    begin_storm,
    end_storm,
    hold_of,
    holding,
    holds,
    holds_during,
    insist,
    lift_hold,
    make_hold,
    may_lift,
    regions,
    storms,
    veto,
    would_hold,
)
from tieline.utility.changes.service.outcomes import outcome, outcomes, report, review, reviews
from tieline.utility.changes.service.planning import request as request_plan
from tieline.utility.changes.service.recording import Record, record
from tieline.utility.changes.service.releasing import let_go, release
from tieline.utility.changes.service.ruling import agree_policy, approve_policy, make_policy, policies, retire_policy
from tieline.utility.changes.service.running import Refused, pause, resume, retry, start, stop
from tieline.utility.changes.service.telling import TOPIC
from tieline.utility.changes.service.timing import Schedule, must_wait, operator_windows, schedule, set_operator_windows
from tieline.utility.changes.service.timing import read as read_windows
from tieline.utility.changes.service.timing import words as window_words
from tieline.utility.changes.service.tracing import traces, under_way
from tieline.utility.changes.service.watching import (
    Detail,
    Progress,
    acts,
    batches,
    detail,
    item_page,
    item_states,
    latest_events,
    page,
    progress,
    record_evidence,
)
from tieline.utility.changes.store.items import ItemFilter, Part
from tieline.utility.changes.stream import stream

__all__ = [
    "HOLD_TOPIC",
    "KINDS",
    "TOPIC",
    "Approval",
    "CalendarEntry",
    "Change",
    "ChangeState",
    "ChangeType",
    "Detail",
    "Draft",
    "Effect",
    "Grade",
    "Hold",
    "ItemFilter",
    "ItemState",
    "Kind",
    "LaneState",
    "Materials",
    "Part",
    "Person",
    "PlainKind",
    "PlannedItem",
    "Progress",
    "Reason",
    "Record",
    "Recurring",
    "Refused",
    "Schedule",
    "Storm",
    "TemplateBody",
    "Thresholds",
    "Trace",
    "Veto",
    "Waves",
    "Window",
    "acts",
    "agree_policy",
    "approve_policy",
    "batches",
    "begin_storm",
    "busy",
    "calendar",
    "create",
    "current",
    "decide",
    "defer_checks",
    "defer_plan",
    "detail",
    "edit",
    "end_storm",
    "first",
    "hold_of",
    "holding",
    "holds",
    "holds_during",
    "insist",
    "item_page",
    "item_states",
    "latest_events",
    "let_go",
    "lift_hold",
    "make_hold",
    "make_policy",
    "may_lift",
    "must_wait",
    "operator_windows",
    "outcome",
    "outcomes",
    "outcomes_csv",
    "outside_policy",
    "page",
    "pause",
    "place",
    "policies",
    "progress",
    "read_windows",
    "record",
    "record_evidence",
    "refusals",
    "regions",
    "register_calendar",
    "release",
    "report",
    "reported",
    "request_checks",
    "request_plan",
    "resume",
    "retire_policy",
    "retry",
    "review",
    "reviews",
    "schedule",
    "set_operator_windows",
    "start",
    "stop",
    "storms",
    "stream",
    "submit",
    "templating",
    "traces",
    "under_way",
    "undo",
    "veto",
    "window_words",
    "would_hold",
]
