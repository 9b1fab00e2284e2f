"""Accepting or declining what an operator announces: first written down, then said, then settled."""

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Database, Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope, named
from tieline.utility.connectors import ConnectorError, Denied, Rejected
from tieline.utility.notices.desks import Desks
from tieline.utility.notices.model import Answer, AnswerState, Origin, Source
from tieline.utility.notices.port import Reply
from tieline.utility.notices.service.taking import SYSTEM, take
from tieline.utility.notices.store import notices as store

MOST_WORDS = 2000


async def answer(
    tx: Tx, scope: Scope, clock: Clock, notice_id: int, given: Answer, *, words: str, revision: int | None = None
) -> int:
    """Write an answer down, to be said; gives its number among the notice's answers.

    ``revision`` is the one that was read: a newer one that came in since is not answered unread.

    Raises:
        Conflict: when nothing is asked, or a newer revision is there.
        Invalid: for declining without a word of why.

    """
    scope.require(Permission.NOTICE_WRITE)
    notice = await store.hold(tx, scope, notice_id)
    if notice is None:
        raise NotFound(f"There is no notice {notice_id}, or you may not see it.")
    if not notice.answerable:
        raise Conflict(
            "This notice does not ask for an answer.",
            advice="Its operator informs and does not wait for approval; write to the operator, or open a programme.",
        )
    if revision is not None and revision != notice.revision:
        raise Conflict(f"Revision {notice.revision} came in since.", advice="Read it, then answer that one.")
    words = words.strip()[:MOST_WORDS]
    if given is Answer.REJECTED and not words:
        raise Invalid("Say why you decline.", [Problem("words", "required", "The operator reads it.")])
    number = await store.put_answer(tx, notice_id, given, words=words, by=scope.actor, at=clock.now())
    detail = {"answer": given.value, "revision": notice.revision, "words": words}
    await audit.append(tx, scope, audit.Entry("notice.answered", f"notice:{notice_id}", detail))
    return number


async def send(db: Database, desks: Desks, clock: Clock, notice_id: int, number: int) -> None:
    """Say an answer to the operator, once however often this is tried.

    Raises:
        ConnectorError: what may go better the next time; it stands with the answer meanwhile.

    """
    async with db.transaction() as tx:
        row = await store.answer_to_send(tx, notice_id, number)
    if row is None:
        return
    reply = Reply(
        ref=row["ref"],
        revision=row["answer_revision"],
        answer=Answer(row["answer"]),
        words=row["answer_words"],
        author=named(row["answer_by"]),
        key=f"notice-{notice_id}-{number}",
    )
    try:
        told = await (await desks(row["operator"])).reply(reply)
    except (Rejected, Denied, NotFound) as error:
        async with db.transaction() as tx:
            if await store.settle_answer(tx, notice_id, number, AnswerState.REFUSED, error.detail):
                detail = {"answer": row["answer"], "error": error.detail}
                await audit.append(tx, SYSTEM, audit.Entry("notice.answer-refused", f"notice:{notice_id}", detail))
        return
    except ConnectorError as error:
        async with db.transaction() as tx:
            await store.settle_answer(tx, notice_id, number, AnswerState.PENDING, error.detail)
        raise
    async with db.transaction() as tx:
        await take(tx, Origin(row["operator_id"], row["operator"], Source.ANSWER, clock.now()), [told])
        if await store.settle_answer(tx, notice_id, number, AnswerState.TAKEN):
            entry = audit.Entry("notice.answer-taken", f"notice:{notice_id}", {"answer": row["answer"]})
            await audit.append(tx, SYSTEM, entry)
