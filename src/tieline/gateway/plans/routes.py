"""Plan management over HTTP (TS 28.572). Triggers are not served: ``/trigger-descriptors`` does not exist here."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tieline.gateway.model import Consumer
from tieline.gateway.northbound.answers import PLANNING, actor_of, answer, consumer_of, read_body
from tieline.gateway.northbound.once import once
from tieline.gateway.objects.changing import Held
from tieline.gateway.parts import Parts
from tieline.gateway.plans import descriptors, jobs
from tieline.gateway.plans.faults import unusable
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

_Endpoint = Callable[[Request], Awaitable[Response]]
_MAX_NAME = 400


class PlanManagement:
    """The interface; one instance a gateway."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._root = f"{parts.base_url}{PLANNING}"
        self.routes = [
            _route("/plan-descriptors", POST=self.create_plan, GET=self.list_plans),
            _route("/plan-descriptors/{id}", GET=self.show_plan, PUT=self.replace_plan, DELETE=self.delete_plan),
            _route("/plan-group-descriptors", POST=self.create_group, GET=self.list_groups),
            _route(
                "/plan-group-descriptors/{id}", GET=self.show_group, PUT=self.replace_group, DELETE=self.delete_group
            ),
            _route("/fallback-descriptors", GET=self.list_fallbacks),
            _route("/fallback-descriptors/{id}", GET=self.show_fallback, DELETE=self.delete_fallback),
            _route("/plan-activation-jobs", POST=self.activate, GET=self.lister(ACTIVATION)),
            _route(
                "/plan-activation-jobs/{id}",
                GET=self.show_activation,
                PATCH=self.canceller(ACTIVATION),
                DELETE=self.deleter(ACTIVATION),
            ),
            _route("/plan-activation-jobs/{id}/status", GET=self.activation_status),
            _route("/plan-activation-jobs/{id}/activation-details", GET=self.activation_details),
            _route("/plan-validation-jobs", POST=self.validate, GET=self.lister(VALIDATION)),
            _route(
                "/plan-validation-jobs/{id}",
                GET=self.show_validation,
                PATCH=self.canceller(VALIDATION),
                DELETE=self.deleter(VALIDATION),
            ),
            _route("/plan-validation-jobs/{id}/status", GET=self.validation_status),
            _route("/plan-validation-jobs/{id}/validation-details", GET=self.validation_details),
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
            return answer(await descriptors.entries(tx, consumer_of(request), _name(request)))

    async def show_plan(self, request: Request) -> Response:
        """``GET /plan-descriptors/{id}``."""
        async with self._parts.db.snapshot() as tx:
            return answer(await descriptors.show(tx, consumer_of(request), _id(request), self._root))

    async def replace_plan(self, request: Request) -> Response:
        """``PUT /plan-descriptors/{id}``."""
        body = await self._body(request)
        consumer = consumer_of(request)
        plan = parse_plan_request(body, max_changes=consumer.max_changes_per_plan)
        async with self._parts.db.transaction() as tx:
            await descriptors.replace(tx, consumer, _id(request), plan, now=self._parts.clock.now())
        return Response(status_code=204)

    async def delete_plan(self, request: Request) -> Response:
        """``DELETE /plan-descriptors/{id}``."""
        async with self._parts.db.transaction() as tx:
            await descriptors.delete(tx, consumer_of(request), _id(request))
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
            return answer(await descriptors.group_entries(tx, consumer_of(request), _name(request)))

    async def show_group(self, request: Request) -> Response:
        """``GET /plan-group-descriptors/{id}``."""
        async with self._parts.db.snapshot() as tx:
            return answer(await descriptors.show_group(tx, consumer_of(request), _id(request), self._root))

    async def replace_group(self, request: Request) -> Response:
        """``PUT /plan-group-descriptors/{id}``."""
        group = parse_group_request(await self._body(request))
        now = self._parts.clock.now()
        async with self._parts.db.transaction() as tx:
            made = await descriptors.replace_group(
                tx, consumer_of(request), _id(request), group, root=self._root, now=now
            )
        return answer(made)

    async def delete_group(self, request: Request) -> Response:
        """``DELETE /plan-group-descriptors/{id}``."""
        async with self._parts.db.transaction() as tx:
            await descriptors.delete_group(tx, consumer_of(request), _id(request))
        return Response(status_code=204)

    async def list_fallbacks(self, request: Request) -> Response:
        """``GET /fallback-descriptors``."""
        async with self._parts.db.snapshot() as tx:
            return answer(await jobs.fallback_entries(tx, consumer_of(request)))

    async def show_fallback(self, request: Request) -> Response:
        """``GET /fallback-descriptors/{id}``."""
        async with self._parts.db.snapshot() as tx:
            return answer(await jobs.show_fallback(tx, consumer_of(request), _id(request), self._root))

    async def delete_fallback(self, request: Request) -> Response:
        """``DELETE /fallback-descriptors/{id}``."""
        async with self._parts.db.transaction() as tx:
            await jobs.delete_fallback(tx, consumer_of(request), _id(request))
        return Response(status_code=204)

    async def activate(self, request: Request) -> Response:
        """``POST /plan-activation-jobs``: taken at once, carried out in the background."""
        body = await self._body(request)
        consumer = consumer_of(request)
        wanted = parse_activation_request(body, max_changes=consumer.max_changes_per_plan)
        by, parts = actor_of(consumer).source, self._parts
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
            by, now = actor_of(consumer).source, self._parts.clock.now()
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

    def lister(self, kind: str) -> _Endpoint:
        """Make the endpoint that lists jobs, in a state with ``?job-state=``, of a name with ``?name=``."""

        async def list_jobs(request: Request) -> Response:
            state = request.query_params.get("job-state")
            if state is not None and state not in set(JobState):
                raise unusable(f"job-state is one of {', '.join(JobState)}", "job-state")
            async with self._parts.db.snapshot() as tx:
                found = await jobs.entries(tx, consumer_of(request), kind, state=state, name=_name(request))
            return answer(found)

        return list_jobs

    def canceller(self, kind: str) -> _Endpoint:
        """Make the endpoint that cancels a job: 204 when it is over at once, 202 when it stops after its chunk."""

        async def cancel(request: Request) -> Response:
            parse_cancel_request(await self._body(request))
            async with self._parts.db.transaction() as tx:
                over = await jobs.cancel(tx, consumer_of(request), kind, _id(request), self._parts.clock.now())
            self._parts.signals.plans.set()
            return Response(status_code=204 if over else 202)

        return cancel

    def deleter(self, kind: str) -> _Endpoint:
        """Make the endpoint that deletes a job that is over."""

        async def delete(request: Request) -> Response:
            async with self._parts.db.transaction() as tx:
                await jobs.delete(tx, consumer_of(request), kind, _id(request))
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
        return await jobs.find(tx, consumer_of(request), kind, _id(request))

    async def _body(self, request: Request) -> bytes:
        return await read_body(request, self._parts.settings.body_bytes)

    async def _once(self, request: Request, body: bytes, work: Callable[[Tx], Awaitable[Response]]) -> Response:
        async with self._parts.db.transaction() as tx:
            return await once(
                tx, consumer_of(request), request, body, now=self._parts.clock.now(), work=lambda: work(tx)
            )

    def _created(self, collection: str, made: Any) -> Response:
        return answer(made, 201, headers={"Location": f"{self._root}/{collection}/{made.id}"})


def _route(path: str, **endpoints: _Endpoint) -> Route:
    """Serve one path; a method that is not among the endpoints is answered 405."""

    async def dispatch(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return Route(f"{PLANNING}{path}", dispatch, methods=list(endpoints))


def _id(request: Request) -> str:
    identifier: str = request.path_params["id"]
    return identifier


def _name(request: Request) -> str | None:
    name = request.query_params.get("name")
    if name is not None and (len(name) > _MAX_NAME or "\x00" in name):
        raise unusable(f"name has at most {_MAX_NAME} characters", "name")
    return name
