"""From an accepted event to the pool: which version runs it, and how many may run at once. On the loop."""

from __future__ import annotations

from lambda_emu.arn import LATEST, FunctionId
from lambda_emu.errors import FunctionNotFound, FunctionPending
from lambda_emu.invoke.admission import admission, unreserved_concurrency
from lambda_emu.model.function import Function, FunctionVersion, State
from lambda_emu.pool.invocation import Invocation
from lambda_emu.pool.pool import Deployment, Pool
from lambda_emu.runtimes import catalogue
from lambda_emu.store import Store


class Invoker:
    """Resolves a name to running code and hands the event to the pool."""

    def __init__(self, store: Store, pool: Pool, account_concurrency: int) -> None:
        self._store = store
        self._pool = pool
        self._account_concurrency = account_concurrency
        self._deployments: dict[str, Deployment] = {}
        self._unreserved: dict[tuple[str, str], int] = {}  # by account and region

    def resolve(self, id: FunctionId, qualifier: str | None) -> Function:
        """The function an invocation names, if it can be invoked now; else the error the caller gets."""
        function = self._store.function(id)
        if function is None or qualifier not in (None, LATEST):
            raise FunctionNotFound(id.arn(qualifier or LATEST))
        if function.running.progress.state is not State.ACTIVE:
            raise FunctionPending(function.running.progress.state)
        return function

    def submit(self, function: Function, invocation: Invocation) -> None:
        """Run it; `invocation.done` hears the outcome. TooManyRequests when a limit is reached."""
        limit = admission(function, self._unreserved_of(function.id))
        self._pool.submit(self._deployment(function.running), limit, invocation)

    def changed(self, before: Function | None, after: Function | None) -> None:
        """A function was created, changed or removed: what no longer runs is retired. Called on the loop."""
        self._unreserved.clear()
        if before is None:
            return
        running = after.running.deployment_id if after is not None else None
        if before.running.deployment_id != running:
            self._deployments.pop(before.running.deployment_id, None)
            self._pool.retire(before.running.deployment_id)

    def _deployment(self, version: FunctionVersion) -> Deployment:
        found = self._deployments.get(version.deployment_id)
        if found is None:
            found = self._deployments[version.deployment_id] = self._make(version)
        return found

    def _make(self, version: FunctionVersion) -> Deployment:
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

    def _unreserved_of(self, id: FunctionId) -> int:
        key = (id.account, id.region)
        if key not in self._unreserved:
            functions = self._store.functions(id.account, id.region)
            self._unreserved[key] = unreserved_concurrency(functions, self._account_concurrency)
        return self._unreserved[key]
