"""From an accepted event to the pool: which version runs it, and how many may run at once. On the loop."""

from __future__ import annotations

from typing import NamedTuple

from lambda_emu.arn import LATEST, FunctionId, Scope
from lambda_emu.clock import Clock
from lambda_emu.environment.invocation import Invocation
from lambda_emu.errors.resources import FunctionNotFound, FunctionPending
from lambda_emu.invoke.admission import admission, unreserved_concurrency
from lambda_emu.invoke.provisioned import ProvisionedVersions
from lambda_emu.model.capacity import managed_instances
from lambda_emu.model.function.durable import check_built
from lambda_emu.model.function.function import Function, FunctionState, FunctionVersion
from lambda_emu.model.function.tenancy import check_tenant
from lambda_emu.pool.choice import Admission
from lambda_emu.pool.deployment import Deployment
from lambda_emu.pool.pool import Pool
from lambda_emu.runtimes import catalogue
from lambda_emu.store import Store

IMAGE_EXECUTION_ENV = "AWS_Lambda_Image"


class Resolved(NamedTuple):
    """A function, and the version of it that an invocation runs."""

    function: Function
    version: FunctionVersion


class Invoker:
    """Resolves a name to running code and hands the event to the pool."""

    def __init__(self, store: Store, pool: Pool, clock: Clock, account_concurrency: int) -> None:
        self._store = store
        self._pool = pool
        self._clock = clock
        self._account_concurrency = account_concurrency
        self._deployments: dict[str, Deployment] = {}
        self._admissions: dict[str, Admission] = {}  # by deployment id
        self._unreserved: dict[Scope, int] = {}
        self._provisioned = ProvisionedVersions(store, pool, self._deployment, self._admissions.clear)

    def resolve(self, id: FunctionId, qualifier: str | None) -> Resolved:
        """What an invocation names, if it can be invoked now; else the error the caller gets. Contract 1.3, 2.3."""
        function = self._store.function(id)
        if function is None:
            raise FunctionNotFound(id.arn(qualifier or LATEST))
        version = function.running if qualifier is None else function.runnable(qualifier, self._clock.random())
        if version is None:
            raise FunctionNotFound(id.arn(qualifier or LATEST))
        if function.provisioned:
            version = self._provisioned.version(function, qualifier) or version
        if version.progress.state is not FunctionState.ACTIVE:
            version = _instead(function, version, qualifier)
        return Resolved(function, version)

    def submit(self, resolved: Resolved, invocation: Invocation) -> None:
        """Run it; its reply hears the outcome. TooManyRequests when a limit is reached.

        Whoever invokes: TenantIdMissing, TenantIdRefused, or NotBuiltYet for a durable function or Managed Instances.
        """
        self._check_kind(resolved, invocation.request.tenant_id)
        self._pool.submit(self._deployment(resolved.version), self._admission(resolved), invocation)

    def check(self, resolved: Resolved, tenant_id: str | None) -> None:
        """Raise what `submit` would raise now."""
        self._check_kind(resolved, tenant_id)
        self._pool.check(self._deployment(resolved.version), self._admission(resolved), tenant_id)

    def _check_kind(self, resolved: Resolved, tenant_id: str | None) -> None:
        check_tenant(resolved.version.tenant_isolation, tenant_id)
        check_built(resolved.version.durable)

    def changed(self, before: Function | None, after: Function | None) -> None:
        """A function was found at start, created, changed or removed. Called on the loop.

        What no longer runs is retired; what is to be kept ready is.
        """
        self._admissions.clear()
        self._unreserved.clear()
        for deployment_id in _deployment_ids(before) - _deployment_ids(after):
            self._deployments.pop(deployment_id, None)
            self._pool.retire(deployment_id)
        self._provisioned.changed(before, after)

    def _admission(self, resolved: Resolved) -> Admission:
        deployment_id = resolved.version.deployment_id
        found = self._admissions.get(deployment_id)
        if found is None:
            own = self._provisioned.count(resolved.function, deployment_id)
            unreserved = self._unreserved_of(resolved.function.id.scope)
            found = self._admissions[deployment_id] = admission(resolved.function, own, unreserved)
        return found

    def _deployment(self, version: FunctionVersion) -> Deployment:
        found = self._deployments.get(version.deployment_id)
        if found is None:
            found = self._deployments[version.deployment_id] = self._make(version)
        return found

    def _make(self, version: FunctionVersion) -> Deployment:
        managed_instances.check_built(version)
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
        )

    def _unreserved_of(self, scope: Scope) -> int:
        if scope not in self._unreserved:
            functions = self._store.functions.all(scope)
            self._unreserved[scope] = unreserved_concurrency(functions, self._account_concurrency)
        return self._unreserved[scope]


def _instead(function: Function, version: FunctionVersion, qualifier: str | None) -> FunctionVersion:
    """What runs in place of a version that is not Active. FunctionPending, NoPublishedVersion."""
    if version.progress.state is FunctionState.ACTIVE_NON_INVOCABLE:
        version = managed_instances.in_place_of_latest(function, qualifier)
    progress = version.progress
    if progress.state is not FunctionState.ACTIVE:
        raise FunctionPending(progress.state, progress.reason if progress.state is FunctionState.FAILED else None)
    return version


def _deployment_ids(function: Function | None) -> set[str]:
    """Of everything that invocations of it may run."""
    if function is None:
        return set()
    return {function.running.deployment_id, *(version.deployment_id for version in function.all_published())}
