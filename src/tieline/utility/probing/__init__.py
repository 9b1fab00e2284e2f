"""Probing: asking the application at a site whether it answers, from the utility's side of the network.

A probe is a TCP connection to the subscription's address and a test frame of IEC 60870-5-104, confirmed in time:
evidence that the link is in service. Other contexts may call:

- :func:`ask` and :func:`ask_each` to have applications asked, once for each origin and key; the answer is the outbox
  topic ``probe.answered`` (:data:`TOPIC`) ``{subscription_id, origin, key, ok, rtt_ms, why, at}``;
- :func:`latest` for the last answers; :func:`probe_page` and :func:`summary` to look; :func:`ask_by_hand` and
  :func:`waiting_since` for pages;
- :func:`answer_page`, :func:`count_answers`, :func:`answer_counts`, :func:`matching_ids` for the last answers of all.
"""

from tieline.utility.probing.model import Answered, AnswerFilter, Latest, Probe, ProbeFilter, Why
from tieline.utility.probing.service import (
    TOPIC,
    answer_counts,
    answer_page,
    ask,
    ask_by_hand,
    ask_each,
    count_answers,
    latest,
    matching_ids,
    probe_page,
    summary,
    waiting_since,
)

__all__ = [
    "TOPIC",
    "AnswerFilter",
    "Answered",
    "Latest",
    "Probe",
    "ProbeFilter",
    "Why",
    "answer_counts",
    "answer_page",
    "ask",
    "ask_by_hand",
    "ask_each",
    "count_answers",
    "latest",
    "matching_ids",
    "probe_page",
    "summary",
    "waiting_since",
]
