"""Whatever happens to the pool and its environments, in whatever order: the promises that hold throughout."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace
from still_rig import NO_BOOTSTRAP, TOO_LARGE, Asked, Still, StillSandbox, deployment, submit

from lambda_emu.environment.environment import Environment
from lambda_emu.environment.states import Phase, State
from lambda_emu.errors.service import ShuttingDown, TooManyRequests
from lambda_emu.pool.choice import Admission
from lambda_emu.pool.deployment import Deployment
from lambda_emu.sandbox.base import ExitKind

NAMES = ("one", "other", "broken")
LIMIT = 4
TOGETHER = {
    State.NEW: frozenset(),
    State.STEM: frozenset(),
    State.INIT: frozenset(),
    State.READY: frozenset({Phase.ASSIGNED, Phase.DELIVERED, Phase.RESPONDING, Phase.RESPONDED}),
    State.INIT_IN_INVOKE: frozenset({Phase.ASSIGNED}),
    State.RESET: frozenset({Phase.FAILED}),
    State.SHUTTING_DOWN: frozenset({Phase.FAILED}),
    State.GONE: frozenset(),
}
"""Where the invocations in an environment can be: whoever leaves their phase takes them along."""
WAITS_S = (0.001, 0.005, 0.3, 0.5, 3, 5, 10, 30, 130)
ROUNDS = 400

indices = st.integers(0, 9)
names = st.sampled_from(["one", "one", "one", "other", "broken"])
tenants = st.sampled_from([None, None, None, None, "blue", "red"])
seldom = st.sampled_from([False, False, False, False, True])
"""Whether what ends much does: else little would be there for anything else to happen to."""


class PoolMachine(RuleBasedStateMachine):
    """Functions are invoked, changed and provisioned while sandboxes, inits and runtimes do what they like."""

    @initialize(
        stems=st.integers(0, 2),
        places=st.sampled_from([1, 2, 3, 5, 1000]),
        warm=st.integers(0, 3),
        kept=st.integers(0, 2),
        early=st.booleans(),
    )
    def begin(self, stems: int, places: int, warm: int, kept: int, early: bool) -> None:
        """early: runtimes are started in stems."""
        self.rig = Still(stems, places)
        self.rig.engine.may_wait = early
        self.places = places
        self.rig.engine.event = self.an_event_goes_where_it_belongs
        self.updates = 0
        self.deployments = {name: self._deployment(name) for name in NAMES}
        self.provisioned = Counter[str]()  # by deployment id
        self.owners: dict[str, tuple[str, str | None]] = {}  # whose code a sandbox has run: deployment, tenant
        self.served: dict[str, str] = {}  # which sandbox had an event
        if kept:
            self.provision("one", kept)
        for _ in range(warm):
            self.invoke("one", None, False)
        for _ in range(3 if warm or kept else 0):
            self._all_go_on()

    # -- callers ----------------------------------------------------------------------------------

    @rule(name=names, tenant_id=tenants, tail=st.booleans())
    def invoke(self, name: str, tenant_id: str | None, tail: bool) -> None:
        of = self.deployments[name]
        own = self.provisioned[of.version.deployment_id]
        admission = Admission(LIMIT, reserved=True, provisioned=own)
        try:
            submit(self.rig, of, admission, tenant_id, tail)
        except TooManyRequests:
            assert tenant_id is not None or self._running(name) >= LIMIT

    @rule(name=names, really=seldom)
    def update(self, name: str, really: bool) -> None:
        """New code or configuration; deletion looks the same."""
        if not really:
            return
        old = self.deployments[name].version.deployment_id
        self.deployments[name] = self._deployment(name)
        self.rig.turn(self.rig.pool.retire, old)

    @rule(name=names, count=st.integers(0, 3))
    def provision(self, name: str, count: int) -> None:
        of, pool = self.deployments[name], self.rig.pool
        self.provisioned[of.version.deployment_id] = count
        if count:
            self.rig.turn(pool.provision, of, count)
        else:
            self.rig.turn(pool.release, of.version.deployment_id)

    @rule(name=names)
    def expect(self, name: str) -> None:
        self.rig.turn(self.rig.pool.expect, self.deployments[name].version)

    @rule(really=seldom)
    def clear(self, really: bool) -> None:
        if not really:
            return
        self.rig.turn(self.rig.pool.clear)
        assert all(asked.results for asked in self.rig.asked)

    # -- time and the engine ----------------------------------------------------------------------

    @rule(seconds=st.sampled_from(WAITS_S))
    def wait(self, seconds: float) -> None:
        self.rig.advance(seconds)

    @precondition(lambda self: self.rig.engine.asked)
    @rule(index=indices, fails=seldom, lingers=st.booleans())
    def sandbox_comes(self, index: int, fails: bool, lingers: bool) -> None:
        """lingers: its end will take a while."""
        engine = self.rig.engine
        self.rig.turn(engine.refuse if fails else engine.make, index % len(engine.asked))
        if engine.sandboxes:
            engine.sandboxes[-1].lingers = lingers

    @rule()
    def ends_are_reached(self) -> None:
        for sandbox in self.rig.engine.sandboxes:
            self.rig.turn(sandbox.go)

    @precondition(lambda self: self.sandboxes)
    @rule(index=indices, really=seldom)
    def limits_fail(self, index: int, really: bool) -> None:
        self._sandbox(index).limits_fail = really

    # -- inits ------------------------------------------------------------------------------------

    @precondition(lambda self: self.reporting)
    @rule(index=indices, which=indices)
    def init_reports(self, index: int, which: int) -> None:
        sandbox = self.reporting[index % len(self.reporting)]
        reports = sandbox.init.reports
        self.rig.turn(reports.pop(which % len(reports)), sandbox.init.listener)

    @precondition(lambda self: self.reporting)
    @rule(index=indices)
    def init_reports_all(self, index: int) -> None:
        self.rig.report(self.reporting[index % len(self.reporting)])

    @precondition(lambda self: self.sandboxes)
    @rule(index=indices, really=seldom)
    def init_is_lost(self, index: int, really: bool) -> None:
        if really:
            self.rig.turn(self._sandbox(index).init.lose)

    @precondition(lambda self: self.sandboxes)
    @rule(index=indices)
    def prints(self, index: int) -> None:
        self.rig.turn(self._sandbox(index).init.listener.output, 0, b"text\n")

    # -- runtimes ---------------------------------------------------------------------------------

    @precondition(lambda self: self.running)
    @rule(index=indices, status=st.sampled_from([(ExitKind.CODE, 0), (ExitKind.SIGNAL, 11)]), told=st.booleans())
    def runtime_exits(self, index: int, status: tuple[ExitKind, int], told: bool) -> None:
        """told: init reports that before anything else."""
        init = self.running[index % len(self.running)].init
        init.exit(*status)
        if told:
            self.rig.turn(init.reports.pop(), init.listener)

    @precondition(lambda self: self.early)
    @rule(index=indices)
    def early_runtime_asks(self, index: int) -> None:
        self.rig.turn(self.early[index % len(self.early)].take_variables)

    @precondition(lambda self: self.begun)
    @rule(index=indices)
    def runtime_asks(self, index: int) -> None:
        """Also one that was killed: what it sent may be read later."""
        self.rig.turn(self.begun[index % len(self.begun)].next)

    @precondition(lambda self: self.running)
    @rule(index=indices)
    def running_runtime_asks(self, index: int) -> None:
        sandbox = self.running[index % len(self.running)]
        self.rig.turn(sandbox.take_variables if sandbox.waits else sandbox.next)

    @precondition(lambda self: self.begun)
    @rule(index=indices)
    def runtime_hangs_up(self, index: int) -> None:
        self.rig.turn(self.begun[index % len(self.begun)].hang_up)

    @precondition(lambda self: self.begun)
    @rule(index=indices)
    def runtime_answers(self, index: int) -> None:
        sandbox = self.begun[index % len(self.begun)]
        self.rig.turn(sandbox.post, f"invocation/{sandbox.event_id}/response")

    @precondition(lambda self: self.begun)
    @rule(
        index=indices, how=st.sampled_from(["other", "error", "large", "large error", "cut", "mode", "attempt", "init"])
    )
    def runtime_answers_badly(self, index: int, how: str) -> None:
        sandbox = self.begun[index % len(self.begun)]
        post, event = sandbox.post, f"invocation/{sandbox.event_id}"
        posts = {
            "other": partial(post, "invocation/another/response"),
            "error": partial(post, f"{event}/error"),
            "large": partial(post, f"{event}/response", body=TOO_LARGE),
            "large error": partial(post, f"{event}/error", body=TOO_LARGE),
            "cut": partial(post, f"{event}/response", whole=False),
            "mode": partial(post, f"{event}/response", [(b"lambda-runtime-function-response-mode", b"x")]),
            "attempt": partial(post, f"{event}/response", [(b"lambda-runtime-invocation-id", b"another")]),
            "init": partial(post, "init/error"),
        }
        self.rig.turn(posts[how])

    @precondition(lambda self: self.begun)
    @rule(index=indices)
    def all_is_well(self, index: int) -> None:
        """What is to be expected of it next."""
        self._goes_on(self.begun[index % len(self.begun)])

    # -- what holds -------------------------------------------------------------------------------

    @invariant()
    def nobody_is_answered_twice(self) -> None:
        assert all(len(asked.results) <= 1 for asked in self.rig.asked)

    def an_event_goes_where_it_belongs(self, sandbox: StillSandbox) -> None:
        """To one environment, of its own deployment and tenant, before anybody was told of an outcome."""
        [asked] = [asked for asked in self.rig.asked if asked.request_id == sandbox.event_id]
        owner = (asked.deployment_id, asked.tenant_id)
        assert not asked.results
        assert self.served.setdefault(sandbox.event_id, sandbox.id) == sandbox.id
        assert self.owners.setdefault(sandbox.id, owner) == owner
        assert sandbox.init.program is not None
        assert sandbox.init.program.environment["DEPLOYMENT"] == owner[0]

    @invariant()
    def there_are_no_more_sandboxes_than_places(self) -> None:
        there = [sandbox for sandbox in self.rig.engine.sandboxes if not sandbox.gone]
        coming = len(self.rig.engine.asked)
        assert len(there) + coming == self.rig.pool.occupancy.environments <= self.places

    @invariant()
    def nothing_runs_in_a_sandbox_that_is_gone(self) -> None:
        assert not any(sandbox.gone and sandbox.init.runs for sandbox in self.rig.engine.sandboxes)

    @invariant()
    def invocations_are_where_their_environments_state_lets_them_be(self) -> None:
        for sandbox in self.rig.engine.sandboxes:
            environment = sandbox.init.listener
            if isinstance(environment, Environment):
                phases = {invocation.phase for invocation in environment.invocations.values()}
                assert phases <= TOGETHER[environment.state]

    @invariant()
    def what_is_shown_is_there(self) -> None:
        shown = [info.id for info in self.rig.turn(self.rig.pool.describe)]
        assert len(shown) == len(set(shown))
        assert set(shown) <= {sandbox.id for sandbox in self.sandboxes}

    # -- the end ----------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "rig"):
            return
        try:
            self._everybody_is_answered_if_all_go_on()
            self._nothing_is_left_after_a_stop()
        finally:
            self.rig.end()

    def _everybody_is_answered_if_all_go_on(self) -> None:
        for _ in range(ROUNDS):
            if not self._waiting():
                break
            self._all_go_on()
            self.rig.advance(0.1)
        assert not self._waiting(), self.rig.turn(self.rig.pool.describe)
        for _ in range(3):
            self._all_go_on()
            self.rig.advance(0.1)
        for of in self.deployments.values():  # nor is more kept than was asked for
            id = of.version.deployment_id
            assert self.rig.turn(self.rig.pool.readiness, id).ready <= self.provisioned[id]
        assert not any(sandbox.unfit for sandbox in self.sandboxes)
        for name in NAMES:  # and nobody is counted any more
            submit(self.rig, self.deployments[name], Admission(1, reserved=True), None, tail=False)

    def _all_go_on(self) -> None:
        self.ends_are_reached()
        self.rig.make_all()
        for sandbox in self.sandboxes:
            self._goes_on(sandbox)

    def _nothing_is_left_after_a_stop(self) -> None:
        self.rig.turn(self.rig.pool.stop)
        assert all(len(asked.results) == 1 for asked in self.rig.asked)
        with pytest.raises(ShuttingDown):
            submit(self.rig, self.deployments["one"], Admission(1, reserved=True), None, tail=False)
        self.rig.make_all()
        self.ends_are_reached()
        assert self.rig.pool.occupancy.environments == 0
        assert self.sandboxes == []
        assert self.rig.clock.pending == []

    # -- small things -----------------------------------------------------------------------------

    @property
    def sandboxes(self) -> list[StillSandbox]:
        return [sandbox for sandbox in self.rig.engine.sandboxes if not sandbox.destroyed]

    @property
    def begun(self) -> list[StillSandbox]:
        """Where a runtime was started for a function, and may have been killed since."""
        return [sandbox for sandbox in self.sandboxes if sandbox.init.program is not None and not sandbox.waits]

    @property
    def early(self) -> list[StillSandbox]:
        """Where one waits for its function."""
        return [sandbox for sandbox in self.sandboxes if sandbox.init.runs and sandbox.waits]

    @property
    def running(self) -> list[StillSandbox]:
        return [sandbox for sandbox in self.sandboxes if sandbox.init.runs]

    @property
    def reporting(self) -> list[StillSandbox]:
        return [sandbox for sandbox in self.rig.engine.sandboxes if sandbox.init.reports]

    def _sandbox(self, index: int) -> StillSandbox:
        return self.sandboxes[index % len(self.sandboxes)]

    def _goes_on(self, sandbox: StillSandbox) -> None:
        self.rig.report(sandbox)
        if sandbox.init.runs and sandbox.waits:
            self.rig.turn(sandbox.take_variables)
        if sandbox.init.runs and not sandbox.waits:
            self.rig.turn(sandbox.post, f"invocation/{sandbox.event_id}/response")
            if sandbox.parked is None or not sandbox.parked.writer.open:
                self.rig.turn(sandbox.next)

    def _deployment(self, name: str) -> Deployment:
        self.updates += 1
        made = deployment(name, f"{name}-{self.updates}", NO_BOOTSTRAP if name == "broken" else "app.handler")
        return replace(made, execution_env="AWS_Lambda_python3.13") if name == "one" else made

    def _waiting(self) -> list[Asked]:
        return [asked for asked in self.rig.asked if not asked.results]

    def _running(self, name: str) -> int:
        return sum(asked.deployment_id.startswith(f"{name}-") for asked in self._waiting())


QUICK = settings(max_examples=80, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=2000, stateful_step_count=100)


@pytest.mark.parametrize("effort", [QUICK, pytest.param(LONG, marks=pytest.mark.slow)], ids=["quick", "long"])
def test_whatever_happens_every_invocation_is_answered_once_and_nothing_is_left(effort: settings) -> None:
    run_state_machine_as_test(PoolMachine, settings=effort)
