"""Notices: what operators announce: a technology that ends, planned work. Taken over TMF655, kept by revision.

What other contexts may call stands here:

- :func:`notice_page`, :func:`one`, :func:`coming`, :func:`count`: what is announced;
- :func:`phase_counts`, :func:`affected`: whom it strikes, and by when each site has to be ready; :func:`dues`: the
  phase that strikes each site first;
- :func:`revisions`, :func:`differences`: what it said before, and how that differs, in words;
- :func:`answer`, :func:`defer_answer`: accept or decline;
- outbox topics ``notice.arrived``, ``notice.revised``, ``notice.status`` (see ``service.taking``).
"""

from tieline.utility.notices.jobs import defer_answer
from tieline.utility.notices.model import (
    Affected,
    Answer,
    AnswerState,
    Content,
    DeskState,
    Difference,
    Filter,
    Kind,
    Notice,
    Origin,
    Part,
    Phase,
    PhaseCount,
    Revision,
    Source,
    Told,
)
from tieline.utility.notices.policy.compare import compare, day, period, place
from tieline.utility.notices.policy.words import distance, sentence
from tieline.utility.notices.service.answering import answer
from tieline.utility.notices.service.reading import (
    affected,
    coming,
    count,
    desk_states,
    differences,
    dues,
    notice_page,
    one,
    phase_counts,
    revisions,
    titles,
)
from tieline.utility.notices.service.taking import ARRIVED, REVISED, STATUS, take

__all__ = [
    "ARRIVED",
    "REVISED",
    "STATUS",
    "Affected",
    "Answer",
    "AnswerState",
    "Content",
    "DeskState",
    "Difference",
    "Filter",
    "Kind",
    "Notice",
    "Origin",
    "Part",
    "Phase",
    "PhaseCount",
    "Revision",
    "Source",
    "Told",
    "affected",
    "answer",
    "coming",
    "compare",
    "count",
    "day",
    "defer_answer",
    "desk_states",
    "differences",
    "distance",
    "dues",
    "notice_page",
    "one",
    "period",
    "phase_counts",
    "place",
    "revisions",
    "sentence",
    "take",
    "titles",
]
