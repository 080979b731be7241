"""Has invocations run by the pool: what each version is made of, and how many of it may run at once. On the loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.environment.invocation import Invocation, Meter, Reply
from lambda_emu.errors.service import TooManyRequests
from lambda_emu.invoke.provisioned import ProvisionedVersions
from lambda_emu.invoke.request import InvokeRequest
from lambda_emu.invoke.rules import admission, check_served, unreserved_concurrency
from lambda_emu.model.function.function import Function, FunctionVersion
from lambda_emu.pool.choice import Admission
from lambda_emu.pool.deployment import Deployment
from lambda_emu.pool.pool import Pool
from lambda_emu.runtimes import catalogue
from lambda_emu.store import Store

if TYPE_CHECKING:
    from lambda_emu.metrics.recorder import Recorder  # it takes its time

IMAGE_EXECUTION_ENV = "AWS_Lambda_Image"


class Resolved(Struct, frozen=True):
    """A function, and the version of it that an invocation runs."""

    function: Function
    version: FunctionVersion


class Runnable(NamedTuple):
    """What is known of a version that runs. meters: of its invocations, by the qualifier that they came by."""

    deployment: Deployment
    admission: Admission
    meters: dict[str | None, Meter]


class PoolRunner:
    """Hands events to the pool, and tells it what there is to run."""

    def __init__(self, store: Store, pool: Pool, recorder: Recorder, account_concurrency: int) -> None:
        self._store = store
        self._pool = pool
        self._recorder = recorder
        self._account_concurrency = account_concurrency
        self._deployments: dict[str, Deployment] = {}
        self._served: dict[str, Runnable] = {}  # both by deployment id
        self._unreserved: dict[Scope, int] = {}
        self.provisioned = ProvisionedVersions(store, pool, self._deployment, self._served.clear)

    def run(self, resolved: Resolved, request: InvokeRequest, reply: Reply) -> None:
        """The reply hears the outcome. TooManyRequests when a limit is reached."""
        deployment, admission, meters = self._served.get(resolved.version.deployment_id) or self._serve(resolved)
        qualifier = request.target.qualifier
        meter = meters.get(qualifier) or self._meter(resolved, admission, qualifier)
        try:
            self._pool.submit(deployment, admission, Invocation(request, reply, meter))
        except TooManyRequests:
            meter.throttled()
            raise

    def check(self, resolved: Resolved, request: InvokeRequest) -> None:
        """Raise what `run` would raise now; who is throttled here has been throttled."""
        deployment, admission, _ = self._serve(resolved)
        try:
            self._pool.check(deployment, admission, request.tenant_id)
        except TooManyRequests:
            self._meter(resolved, admission, request.target.qualifier).throttled()
            raise

    def changed(self, before: Function | None, after: Function | None) -> None:
        """A function was found at start, created, changed or removed. Called on the loop.

        What no longer runs is retired; what is to be kept ready is.
        """
        self._served.clear()
        self._unreserved.clear()
        for deployment_id in _deployment_ids(before) - _deployment_ids(after):
            self._deployments.pop(deployment_id, None)
            self._pool.retire(deployment_id)
        self.provisioned.changed(before, after)

    def _meter(self, resolved: Resolved, admission: Admission, qualifier: str | None) -> Meter:
        meters = self._serve(resolved).meters
        if qualifier not in meters:
            meters[qualifier] = self._recorder.meter(
                resolved.function.id,
                qualifier,
                resolved.version.version,
                reserved=admission.reserved,
                provisioned=admission.provisioned,
            )
        return meters[qualifier]

    def _serve(self, resolved: Resolved) -> Runnable:
        deployment_id = resolved.version.deployment_id
        found = self._served.get(deployment_id)
        if found is None:
            deployment = self._deployment(resolved.version)
            own = self.provisioned.count(resolved.function, deployment_id)
            unreserved = self._unreserved_of(resolved.function.id.scope)
            limits = admission(resolved.function, own, unreserved)
            found = self._served[deployment_id] = Runnable(deployment, limits, {})
        return found

    def _deployment(self, version: FunctionVersion) -> Deployment:
        found = self._deployments.get(version.deployment_id)
        if found is None:
            found = self._deployments[version.deployment_id] = self._make(version)
        return found

    def _make(self, version: FunctionVersion) -> Deployment:
        check_served(version)
        if version.image is not None:
            return Deployment(version, None, (), IMAGE_EXECUTION_ENV, None, None)
        runtime = catalogue().get(version.runtime)
        assert runtime is not None, "only runtimes of the catalogue become Active"
        managed = runtime.family != "provided"
        tree = self._store.artifacts.tree
        return Deployment(
            version,
            tree(version.code.sha256),
            tuple(tree(layer.content.sha256) for layer in version.layers),
            runtime.execution_env,
            runtime.version if managed else None,
            runtime.version_arn(version.id.region, version.id.partition) if managed else None,
            runtime.old_names,
        )

    def _unreserved_of(self, scope: Scope) -> int:
        if scope not in self._unreserved:
            functions = self._store.functions.all(scope)
            self._unreserved[scope] = unreserved_concurrency(functions, self._account_concurrency)
        return self._unreserved[scope]


def _deployment_ids(function: Function | None) -> set[str]:
    """Of everything that invocations of it may run."""
    if function is None:
        return set()
    return {function.running.deployment_id, *(version.deployment_id for version in function.published_versions())}
