"""Plan management over HTTP (TS 28.572): descriptors, groups, fallbacks, jobs."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tieline.gateway.model import Consumer
from tieline.gateway.northbound.answers import actor_of, answer, consumer_of
from tieline.gateway.objects.changing import Held
from tieline.gateway.parts import Parts
from tieline.gateway.plans import descriptors, jobs
from tieline.gateway.plans.faults import unusable
from tieline.gateway.plans.http import Endpoint, Endpoints, id_of, name_of, route
from tieline.gateway.plans.model import ACTIVATION, VALIDATION, Job
from tieline.platform.db import Tx
from tieline.standards.mns.plans import (
    JobState,
    parse_activation_request,
    parse_cancel_request,
    parse_group_request,
    parse_plan_request,
    parse_validation_request,
)
from tieline.standards.mns.profile import SUBSCRIPTION_CLASS


class PlanManagement(Endpoints):
    """The interface; one instance a gateway."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.routes = [
            route("/plan-descriptors", POST=self.create_plan, GET=self.list_plans),
            route("/plan-descriptors/{id}", GET=self.show_plan, PUT=self.replace_plan, DELETE=self.delete_plan),
            route("/plan-group-descriptors", POST=self.create_group, GET=self.list_groups),
            route(
                "/plan-group-descriptors/{id}", GET=self.show_group, PUT=self.replace_group, DELETE=self.delete_group
            ),
            route("/fallback-descriptors", GET=self.list_fallbacks),
            route("/fallback-descriptors/{id}", GET=self.show_fallback, DELETE=self.delete_fallback),
            route("/plan-activation-jobs", POST=self.activate, GET=self.lister(ACTIVATION)),
            route(
                "/plan-activation-jobs/{id}",
                GET=self.show_activation,
                PATCH=self.canceller(ACTIVATION),
                DELETE=self.deleter(ACTIVATION),
            ),
            route("/plan-activation-jobs/{id}/status", GET=self.activation_status),
            route("/plan-activation-jobs/{id}/activation-details", GET=self.activation_details),
            route("/plan-validation-jobs", POST=self.validate, GET=self.lister(VALIDATION)),
            route(
                "/plan-validation-jobs/{id}",
                GET=self.show_validation,
                PATCH=self.canceller(VALIDATION),
                DELETE=self.deleter(VALIDATION),
            ),
            route("/plan-validation-jobs/{id}/status", GET=self.validation_status),
            route("/plan-validation-jobs/{id}/validation-details", GET=self.validation_details),
        ]

    async def create_plan(self, request: Request) -> Response:
        """``POST /plan-descriptors``."""
        body = await self._body(request)
        consumer = consumer_of(request)
        plan = parse_plan_request(body, max_changes=consumer.max_changes_per_plan)

        async def work(tx: Tx) -> Response:
            made = await descriptors.create(tx, consumer, plan, root=self._root, now=self._parts.clock.now())
            return self._created("plan-descriptors", made)

        return await self._once(request, body, work)

    async def list_plans(self, request: Request) -> Response:
        """``GET /plan-descriptors``, of a name with ``?name=``."""
        async with self._parts.db.snapshot() as tx:
            return answer(await descriptors.entries(tx, consumer_of(request), name_of(request)))

    async def show_plan(self, request: Request) -> Response:
        """``GET /plan-descriptors/{id}``."""
        async with self._parts.db.snapshot() as tx:
            return answer(await descriptors.show(tx, consumer_of(request), id_of(request), self._root))

    async def replace_plan(self, request: Request) -> Response:
        """``PUT /plan-descriptors/{id}``."""
        body = await self._body(request)
        consumer = consumer_of(request)
        plan = parse_plan_request(body, max_changes=consumer.max_changes_per_plan)
        async with self._parts.db.transaction() as tx:
            await descriptors.replace(tx, consumer, id_of(request), plan, now=self._parts.clock.now())
        return Response(status_code=204)

    async def delete_plan(self, request: Request) -> Response:
        """``DELETE /plan-descriptors/{id}``."""
        async with self._parts.db.transaction() as tx:
            await descriptors.delete(tx, consumer_of(request), id_of(request))
        return Response(status_code=204)

    async def create_group(self, request: Request) -> Response:
        """``POST /plan-group-descriptors``."""
        body = await self._body(request)
        group = parse_group_request(body)

        async def work(tx: Tx) -> Response:
            now = self._parts.clock.now()
            made = await descriptors.create_group(tx, consumer_of(request), group, root=self._root, now=now)
            return self._created("plan-group-descriptors", made)

        return await self._once(request, body, work)

    async def list_groups(self, request: Request) -> Response:
        """``GET /plan-group-descriptors``, of a name with ``?name=``."""
        async with self._parts.db.snapshot() as tx:
            return answer(await descriptors.group_entries(tx, consumer_of(request), name_of(request)))

    async def show_group(self, request: Request) -> Response:
        """``GET /plan-group-descriptors/{id}``."""
        async with self._parts.db.snapshot() as tx:
            return answer(await descriptors.show_group(tx, consumer_of(request), id_of(request), self._root))

    async def replace_group(self, request: Request) -> Response:
        """``PUT /plan-group-descriptors/{id}``."""
        group = parse_group_request(await self._body(request))
        now = self._parts.clock.now()
        async with self._parts.db.transaction() as tx:
            made = await descriptors.replace_group(
                tx, consumer_of(request), id_of(request), group, root=self._root, now=now
            )
        return answer(made)

    async def delete_group(self, request: Request) -> Response:
        """``DELETE /plan-group-descriptors/{id}``."""
        async with self._parts.db.transaction() as tx:
            await descriptors.delete_group(tx, consumer_of(request), id_of(request))
        return Response(status_code=204)

    async def list_fallbacks(self, request: Request) -> Response:
        """``GET /fallback-descriptors``."""
        async with self._parts.db.snapshot() as tx:
            return answer(await jobs.fallback_entries(tx, consumer_of(request)))

    async def show_fallback(self, request: Request) -> Response:
        """``GET /fallback-descriptors/{id}``."""
        async with self._parts.db.snapshot() as tx:
            return answer(await jobs.show_fallback(tx, consumer_of(request), id_of(request), self._root))

    async def delete_fallback(self, request: Request) -> Response:
        """``DELETE /fallback-descriptors/{id}``."""
        async with self._parts.db.transaction() as tx:
            await jobs.delete_fallback(tx, consumer_of(request), id_of(request))
        return Response(status_code=204)

    async def activate(self, request: Request) -> Response:
        """``POST /plan-activation-jobs``: taken at once, carried out in the background."""
        body = await self._body(request)
        consumer = consumer_of(request)
        wanted = parse_activation_request(body, max_changes=consumer.max_changes_per_plan)
        by, parts = actor_of(consumer), self._parts
        held = Held(parts, await self._concerned(consumer, wanted.plan_config_descr_id, wanted.plan_config_descr))
        await held.before()

        async def work(tx: Tx) -> Response:
            job = await jobs.activate(tx, consumer, wanted, by=by, now=parts.clock.now())
            return self._created("plan-activation-jobs", await jobs.show_activation(tx, job, self._root))

        response = await self._once(request, body, work)
        parts.signals.plans.set()
        await held.after()
        return response

    async def show_activation(self, request: Request) -> Response:
        """``GET /plan-activation-jobs/{id}``."""
        async with self._parts.db.snapshot() as tx:
            job = await self._job(tx, request, ACTIVATION)
            return answer(await jobs.show_activation(tx, job, self._root))

    async def activation_status(self, request: Request) -> Response:
        """``GET /plan-activation-jobs/{id}/status``."""
        async with self._parts.db.snapshot() as tx:
            return answer(jobs.activation_status(await self._job(tx, request, ACTIVATION)))

    async def activation_details(self, request: Request) -> Response:
        """``GET /plan-activation-jobs/{id}/activation-details``: what failed, or with ``?expand=all`` everything."""
        expand = request.query_params.get("expand")
        if expand not in {None, "all"}:
            raise unusable("expand can only be all", "expand")
        async with self._parts.db.snapshot() as tx:
            job = await self._job(tx, request, ACTIVATION)
            return answer(await jobs.details(tx, job, everything=expand == "all"))

    async def validate(self, request: Request) -> Response:
        """``POST /plan-validation-jobs``: the dry run."""
        body = await self._body(request)
        consumer = consumer_of(request)
        wanted = parse_validation_request(body, max_changes=consumer.max_changes_per_plan)

        async def work(tx: Tx) -> Response:
            by, now = actor_of(consumer), self._parts.clock.now()
            job = await jobs.validate(tx, consumer, wanted, by=by, now=now)
            return self._created("plan-validation-jobs", await jobs.show_validation(tx, job, self._root))

        response = await self._once(request, body, work)
        self._parts.signals.plans.set()
        return response

    async def show_validation(self, request: Request) -> Response:
        """``GET /plan-validation-jobs/{id}``."""
        async with self._parts.db.snapshot() as tx:
            job = await self._job(tx, request, VALIDATION)
            return answer(await jobs.show_validation(tx, job, self._root))

    async def validation_status(self, request: Request) -> Response:
        """``GET /plan-validation-jobs/{id}/status``."""
        async with self._parts.db.snapshot() as tx:
            return answer(jobs.validation_status(await self._job(tx, request, VALIDATION)))

    async def validation_details(self, request: Request) -> Response:
        """``GET /plan-validation-jobs/{id}/validation-details``: all, or with ``?details=summary`` the counts."""
        wanted = request.query_params.get("details", "all")
        if wanted not in {"all", "summary"}:
            raise unusable("details can be summary or all", "details")
        async with self._parts.db.snapshot() as tx:
            job = await self._job(tx, request, VALIDATION)
            if wanted == "summary":
                return answer(jobs.summary_of(job))
            return answer(await jobs.details(tx, job, everything=True))

    def lister(self, kind: str) -> Endpoint:
        """Make the endpoint that lists jobs, in a state with ``?job-state=``, of a name with ``?name=``."""

        async def list_jobs(request: Request) -> Response:
            state = request.query_params.get("job-state")
            if state is not None and state not in set(JobState):
                raise unusable(f"job-state is one of {', '.join(JobState)}", "job-state")
            async with self._parts.db.snapshot() as tx:
                found = await jobs.entries(tx, consumer_of(request), kind, state=state, name=name_of(request))
            return answer(found)

        return list_jobs

    def canceller(self, kind: str) -> Endpoint:
        """Make the endpoint that cancels a job: 204 when it is over at once, 202 when it stops after its chunk."""

        async def cancel(request: Request) -> Response:
            parse_cancel_request(await self._body(request))
            async with self._parts.db.transaction() as tx:
                over = await jobs.cancel(tx, consumer_of(request), kind, id_of(request), self._parts.clock.now())
            self._parts.signals.plans.set()
            return Response(status_code=204 if over else 202)

        return cancel

    def deleter(self, kind: str) -> Endpoint:
        """Make the endpoint that deletes a job that is over."""

        async def delete(request: Request) -> Response:
            async with self._parts.db.transaction() as tx:
                await jobs.delete(tx, consumer_of(request), kind, id_of(request))
            return Response(status_code=204)

        return delete

    async def _concerned(self, consumer: Consumer, plan_id: str | None, plan: Any) -> list[str]:
        """Give the subscriptions of a plan, if a fault might strike a request about them."""
        if not self._parts.interference.holding():
            return []
        changes = plan.config_changes if plan is not None else []
        if plan_id is not None:
            async with self._parts.db.snapshot() as tx:
                changes = (await descriptors.show(tx, consumer, plan_id, self._root)).config_changes
        prefix = f"{SUBSCRIPTION_CLASS}="
        ends = (change.target.rpartition("/")[2] for change in changes)
        return [end.removeprefix(prefix) for end in ends if end.startswith(prefix)]

    async def _job(self, tx: Tx, request: Request, kind: str) -> Job:
        return await jobs.find(tx, consumer_of(request), kind, id_of(request))
