"""Runtimes that wait for their function: which may become its runtime, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from msgspec.structs import replace
from still_rig import NO_BOOTSTRAP, Asked, Still, StillSandbox, deployment, submit

from lambda_emu.environment.invocation import Outcome
from lambda_emu.pool.choice import Admission
from lambda_emu.pool.deployment import Deployment
from lambda_emu.pool.early import WAITS, may_become
from lambda_emu.pool.stems import EARLY_AFTER_S
from lambda_emu.sandbox.base import ExitKind, Program

GIVEN = {"LANG": "en_US.UTF-8", "PATH": "/usr/bin", WAITS: "room"}
FREE = Admission(1000, reserved=False, provisioned=0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"MINE": "x", "AWS_LAMBDA_FUNCTION_NAME": "f", "http_proxy": "y"}, True),
        ({"LANG": "C"}, False),
        ({"PATH": "/mine"}, False),
        ({"PYTHONPATH": "/mine"}, False),
        ({"PYTHONUNBUFFERED": ""}, False),
        ({"LD_PRELOAD": "/opt/x.so"}, False),
        ({"LC_ALL": "C"}, False),
        ({"TZDIR": "/opt"}, False),
        ({"HOME": "/tmp"}, False),
        ({"MALLOC_ARENA_MAX": "1"}, False),
        ({"GLIBC_TUNABLES": "x"}, False),
        ({"AWS_LAMBDA_EXEC_WRAPPER": "/opt/x"}, False),
        ({"MINE": "x\0y"}, False),
    ],
)
def test_what_counts_at_the_start_has_to_be_the_same(changes: Mapping[str, str], expected: bool) -> None:
    early = Program(["run"], GIVEN)
    program = Program(["run"], {"LANG": "en_US.UTF-8", "PATH": "/usr/bin", **changes})

    assert may_become(early, program) is expected


@pytest.mark.parametrize("other", [Program(["other"], GIVEN), Program(["run"], GIVEN, "/tmp"), Program(["run"], {})])
def test_another_program_cannot_be_become(other: Program) -> None:
    assert not may_become(Program(["run"], GIVEN), other)


@pytest.fixture
def rig() -> Iterator[Still]:
    ready = Still(stems=1)
    yield ready
    ready.end()


def stem(rig: Still, of: Deployment) -> StillSandbox:
    """A stem in which a runtime waits."""
    rig.engine.may_wait = True
    rig.turn(rig.pool.expect, of.version)
    rig.make_all()
    rig.advance(EARLY_AFTER_S)
    [sandbox] = rig.engine.sandboxes
    assert sandbox.early is sandbox.init.program
    return sandbox


def fitting(name: str) -> Deployment:
    """A function that says at its runtime's start what any does."""
    return replace(deployment(name, name), execution_env="AWS_Lambda_python3.13")


def answered(rig: Still, sandbox: StillSandbox, asked: Asked) -> bool:
    rig.turn(sandbox.next)
    rig.turn(sandbox.post, f"invocation/{sandbox.event_id}/response")
    return isinstance(asked.results[0], Outcome)


def starts_its_own(sandbox: StillSandbox) -> bool:
    """Whether the last runtime was started with the variables of its function `f`."""
    return sandbox.init.program is not None and sandbox.init.program.environment["DEPLOYMENT"] == "f"


def test_a_runtime_that_waits_gets_the_functions_variables_once(rig: Still) -> None:
    of = fitting("f")
    sandbox = stem(rig, of)
    early = sandbox.init.program

    asked = submit(rig, of, FREE, None, False)
    assert sandbox.init.program is early
    told, again = rig.turn(sandbox.take_variables), rig.turn(sandbox.take_variables)

    assert b"DEPLOYMENT=f\0" in told
    assert b"AWS_ACCESS_KEY_ID=" in told
    assert again.startswith(b"HTTP/1.1 404")
    assert answered(rig, sandbox, asked)


def test_one_that_ended_in_its_stem_is_started_anew(rig: Still) -> None:
    of = fitting("f")
    sandbox = stem(rig, of)
    sandbox.init.exit(ExitKind.CODE, 1)
    rig.report(sandbox)

    asked = submit(rig, of, FREE, None, False)

    assert starts_its_own(sandbox)
    assert answered(rig, sandbox, asked)


def test_one_that_ends_before_it_hears_of_its_function_is_started_anew(rig: Still) -> None:
    of = fitting("f")
    sandbox = stem(rig, of)
    early = sandbox.init.program

    asked = submit(rig, of, FREE, None, False)
    assert sandbox.init.program is early
    sandbox.init.exit(ExitKind.CODE, 1)
    rig.report(sandbox)

    assert starts_its_own(sandbox)
    assert answered(rig, sandbox, asked)


@pytest.mark.parametrize("first", [0, 1])
def test_one_that_waits_in_vain_leaves_a_function_without_bootstrap_its_error(rig: Still, first: int) -> None:
    """first: whether init says first that it ended, or that all are gone."""
    of = replace(deployment("f", "f", NO_BOOTSTRAP), execution_env="AWS_Lambda_python3.13")
    sandbox = stem(rig, of)

    asked = submit(rig, of, FREE, None, False)
    assert sandbox.init.killing == 1
    rig.turn(sandbox.init.reports.pop(first), sandbox.init.listener)
    rig.report(sandbox)
    for _ in range(2):  # the init phase, and once more in the invocation
        rig.advance(0.001)
        rig.report(sandbox)

    [outcome] = asked.results
    assert isinstance(outcome, Outcome)
    assert b"Runtime.InvalidEntrypoint" in outcome.payload


def test_one_that_cannot_become_the_functions_is_gone_before_that_is_started(rig: Still) -> None:
    of = replace(fitting("f"), execution_env="AWS_Lambda_python3.12")
    sandbox = stem(rig, of)

    asked = submit(rig, of, FREE, None, False)
    assert sandbox.init.killing == 1
    rig.report(sandbox)

    assert starts_its_own(sandbox)
    assert answered(rig, sandbox, asked)


def test_a_stem_that_is_taken_at_once_starts_its_runtime_itself(rig: Still) -> None:
    of = fitting("f")
    rig.engine.may_wait = True
    rig.turn(rig.pool.expect, of.version)
    rig.make_all()
    [sandbox] = rig.engine.sandboxes

    asked = submit(rig, of, FREE, None, False)
    rig.advance(EARLY_AFTER_S)

    assert starts_its_own(sandbox)
    assert answered(rig, sandbox, asked)
