"""What is provisioned, as the pool is told; and an alias that moves keeps its old version until the new one is ready.

docs/contract/api.md#concurrency. On the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lambda_emu.arn import FunctionId
from lambda_emu.model.concurrency.limits import provisioned_versions
from lambda_emu.model.concurrency.provisioned import ProvisionedStatus
from lambda_emu.model.function.function import Function, FunctionVersion
from lambda_emu.pool.deployment import Deployment
from lambda_emu.pool.pool import Pool
from lambda_emu.store import Store

Wanted = Mapping[str, tuple[FunctionVersion, int]]
"""What is to be kept ready, by deployment id."""


class ProvisionedVersions:
    """moved: called when another version serves an alias, though nobody changed the function.

    One that FAILED takes over too: its alias was moved to it, and what keeps the old one ready may be what it lacks.
    """

    def __init__(
        self, store: Store, pool: Pool, deployment: Callable[[FunctionVersion], Deployment], moved: Callable[[], None]
    ) -> None:
        self._store = store
        self._pool = pool
        self._deployment = deployment
        self._moved = moved
        self._serving: dict[FunctionId, dict[str, str]] = {}  # by alias: the number of the version that serves it
        self._awaited: dict[str, FunctionId] = {}  # deployments that aliases of these functions wait for
        self._told: dict[FunctionId, Wanted] = {}
        self._telling = False
        pool.on_readiness = self._readiness_changed

    def version(self, function: Function, qualifier: str | None) -> FunctionVersion | None:
        """Who serves an alias that is provisioned; None: whatever the qualifier names."""
        serving = self._serving.get(function.id, {}).get(qualifier or "")
        return None if serving is None else function.published_version(serving)

    def count(self, function: Function, deployment_id: str) -> int:
        """How many environments of this deployment are kept ready."""
        wanted = self._told.get(function.id, {}).get(deployment_id)
        return 0 if wanted is None else wanted[1]

    def changed(self, before: Function | None, after: Function | None) -> None:
        """A number that was given again counts as a change."""
        if after is not None:
            again = before is None or before.provisioned != after.provisioned
            self._update(after, again)
        elif before is not None:
            for deployment_id in self._told.pop(before.id, {}):
                self._pool.release(deployment_id)
            self._serving.pop(before.id, None)
            self._await(before.id, set())

    def _readiness_changed(self, deployment_id: str) -> None:
        """More of it is ready, or it failed."""
        id = None if self._telling else self._awaited.get(deployment_id)
        function = None if id is None else self._store.function(id)
        if function is not None:
            self._update(function, again=False)
            self._moved()

    def _update(self, function: Function, again: bool) -> None:
        self._telling = True
        try:
            self._choose(function)
            self._tell(function, again)
            if self._choose(function):  # the pool knew at once
                self._tell(function, again=False)
        finally:
            self._telling = False

    # -- who serves -------------------------------------------------------------------------------

    def _choose(self, function: Function) -> bool:
        """Of each provisioned alias; whether it is another than before."""
        before, now, awaited = self._serving.pop(function.id, {}), {}, set()
        for name, config in function.provisioned.items():
            alias = function.aliases.get(name)
            if alias is None:
                continue
            target = function.published_version(alias.function_version)
            now[name] = alias.function_version
            old = before.get(name, alias.function_version)
            if old != alias.function_version and target is not None and function.published_version(old) is not None:
                status = self._pool.readiness(target.deployment_id).status(config.requested)
                if status is ProvisionedStatus.IN_PROGRESS:
                    now[name] = old
                    awaited.add(target.deployment_id)
        if now:
            self._serving[function.id] = now
        self._await(function.id, awaited)
        return now != before

    def _await(self, id: FunctionId, deployment_ids: set[str]) -> None:
        self._awaited = {one: of for one, of in self._awaited.items() if of != id}
        self._awaited |= dict.fromkeys(deployment_ids, id)

    # -- what the pool is told --------------------------------------------------------------------

    def _tell(self, function: Function, again: bool) -> None:
        old, new = self._told.pop(function.id, {}), self._find_wanted(function)
        if new:
            self._told[function.id] = new
        for deployment_id, (version, count) in new.items():
            if again or old.get(deployment_id) != (version, count):
                self._pool.provision(self._deployment(version), count)
        for deployment_id in old.keys() - new:
            self._pool.release(deployment_id)

    def _find_wanted(self, function: Function) -> Wanted:
        """What the configurations say, and the old versions of aliases that wait for the new."""
        found = {version.deployment_id: (version, count) for version, count in provisioned_versions(function)}
        for name, number in self._serving.get(function.id, {}).items():
            version = function.published_version(number)
            if version is not None and number != function.aliases[name].function_version:
                _, count = found.get(version.deployment_id, (version, 0))
                found[version.deployment_id] = (version, count + function.provisioned[name].requested)
        return found
