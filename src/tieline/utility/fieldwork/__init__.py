"""Field work: crews, work orders, visits, and what crews report from a site.

What other contexts may call stands here. A use case takes a transaction and the asker's scope:

- :func:`plan_visits` plans visits in bulk, once for each (origin, origin_key); :func:`visits_of` lists those of an
  origin, :func:`days_of` says when they are, :func:`cancel_visits` cancels; :func:`answer_step` tells the crew what a
  test found and opens the next step;
- :func:`make_orders` puts the visits of a region that wait into route-ordered work orders, a crew and a day each;
  :func:`move_visits`, :func:`hand_over`, :func:`cancel_order`;
- :func:`crews`, :func:`make_crew`, :func:`change_crew`;
- :func:`take_reports` takes what crews report; :func:`report_page`, :func:`look_at_report`, :func:`take_anyway` are
  for the dispatcher; pages show :func:`visit_page`, :func:`visit_detail`, :func:`order_page`, :func:`order_visits`.

Upwards go the outbox topics :data:`TOPICS`, keyed by visit, each with ``{visit_id, site_id, origin, origin_key,
attempt, at, by, report_id}`` and: ``visit.fitted`` ``step_key, iccid, router, imei``; ``visit.test-asked``
``step_key``; ``visit.finished`` ``outcome, why, removed`` (a list of ``{goods: "router" | "card", serial}``);
``visit.trouble`` ``words, photos``; ``visit.arrived`` and ``visit.left`` nothing more.
"""

from tieline.utility.fieldwork.model import (
    OVER,
    ZONE,
    Answer,
    Check,
    Crew,
    NewStep,
    NewVisit,
    Order,
    Outcome,
    Report,
    ReportKind,
    ReportState,
    Step,
    StepState,
    Verdict,
    Visit,
    VisitState,
)
from tieline.utility.fieldwork.policy.days import Working, working_day
from tieline.utility.fieldwork.service.crews import CrewDraft, candidates, change_crew, crew, crews, make_crew
from tieline.utility.fieldwork.service.exports import csv_of, driven, geojson_of
from tieline.utility.fieldwork.service.orders import (
    MadeOrders,
    Target,
    cancel_order,
    hand_over,
    is_late,
    make_orders,
    move_visits,
    tally,
)
from tieline.utility.fieldwork.service.orders import page as order_page
from tieline.utility.fieldwork.service.orders import with_visits as order_visits
from tieline.utility.fieldwork.service.reports import TOPICS, attention, take_anyway
from tieline.utility.fieldwork.service.reports import look as look_at_report
from tieline.utility.fieldwork.service.reports import one as report
from tieline.utility.fieldwork.service.reports import page as report_page
from tieline.utility.fieldwork.service.reports import take as take_reports
from tieline.utility.fieldwork.service.visits import (
    answer_step,
    answer_steps,
    cancel_visits,
    days_of,
    plan_visits,
    redate_visits,
    today,
    visits_of,
)
from tieline.utility.fieldwork.service.visits import count as count_visits
from tieline.utility.fieldwork.service.visits import detail as visit_detail
from tieline.utility.fieldwork.service.visits import one as visit
from tieline.utility.fieldwork.service.visits import page as visit_page
from tieline.utility.fieldwork.store.orders import OrderFilter
from tieline.utility.fieldwork.store.reports import ReportFilter
from tieline.utility.fieldwork.store.visits import VisitFilter

__all__ = [
    "OVER",
    "TOPICS",
    "ZONE",
    "Answer",
    "Check",
    "Crew",
    "CrewDraft",
    "MadeOrders",
    "NewStep",
    "NewVisit",
    "Order",
    "OrderFilter",
    "Outcome",
    "Report",
    "ReportFilter",
    "ReportKind",
    "ReportState",
    "Step",
    "StepState",
    "Target",
    "Verdict",
    "Visit",
    "VisitFilter",
    "VisitState",
    "Working",
    "answer_step",
    "answer_steps",
    "attention",
    "cancel_order",
    "cancel_visits",
    "candidates",
    "change_crew",
    "count_visits",
    "crew",
    "crews",
    "csv_of",
    "days_of",
    "driven",
    "geojson_of",
    "hand_over",
    "is_late",
    "look_at_report",
    "make_crew",
    "make_orders",
    "move_visits",
    "order_page",
    "order_visits",
    "plan_visits",
    "redate_visits",
    "report",
    "report_page",
    "take_anyway",
    "take_reports",
    "tally",
    "today",
    "visit",
    "visit_detail",
    "visit_page",
    "visits_of",
    "working_day",
]
