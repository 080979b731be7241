"""Environments of functions with tenants: each is one tenant's alone, from its first event to its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_rig import VERSION, WAIT_S, EmptySandbox, Rig, Runtime, rig

from lambda_emu.errors.service import TooManyRequests


@pytest.fixture
def pool() -> Iterator[Rig]:
    with rig() as ready:
        yield ready


def served(pool: Rig, tenant_id: str | None, concurrency: int = 1000) -> tuple[EmptySandbox, Runtime]:
    """An invocation for this tenant in a new environment, which waits for the next when this returns."""
    asked = pool.invoke(tenant_id=tenant_id, concurrency=concurrency)
    sandbox = pool.sandbox()
    runtime = pool.runtime(sandbox)
    request_id = runtime.next()
    assert runtime.tenant_id == tenant_id
    finish(pool, runtime, request_id)
    asked.result()
    return sandbox, runtime


def finish(pool: Rig, runtime: Runtime, request_id: str) -> None:
    """Respond, ask again, and wait until that was heard."""
    runtime.respond(request_id)
    runtime.ask()
    while "BUSY" in states(pool) or "RESPONDED" in states(pool):
        pool.on_loop(lambda: None)


def states(pool: Rig) -> list[str]:
    return [info.state for info in pool.on_loop(pool.pool.describe)]


def test_an_idle_environment_of_another_tenant_is_left_alone(pool: Rig) -> None:
    blue, _ = served(pool, "blue")
    green, _ = served(pool, "green")
    nobodys, _ = served(pool, None)

    assert len({blue.id, green.id, nobodys.id}) == 3
    assert {info.tenant for info in pool.on_loop(pool.pool.describe)} == {"blue", "green", None}


def test_the_same_tenant_finds_its_environment_again(pool: Rig) -> None:
    _, blue = served(pool, "blue")
    served(pool, "green")

    pool.invoke(tenant_id="blue")

    blue.event()
    assert blue.tenant_id == "blue"
    assert len(pool.engine.sandboxes) == 2


def test_an_update_ends_the_environments_of_every_tenant(pool: Rig) -> None:
    sandboxes = [served(pool, tenant_id)[0] for tenant_id in ("blue", "green")]

    pool.on_loop(lambda: pool.pool.retire(VERSION.deployment_id))

    assert all(sandbox.destroyed.wait(WAIT_S) for sandbox in sandboxes)


def test_a_tenant_goes_on_when_anothers_environments_have_ended(pool: Rig) -> None:
    sandbox, _ = served(pool, "blue")
    served(pool, "green")
    pool.on_loop(sandbox.init.listener.lost)

    served(pool, "blue")

    assert len(pool.engine.sandboxes) == 3


def test_tenants_have_two_and_a_half_environments_for_each_of_the_concurrency(pool: Rig) -> None:
    """Idle ones count; who needs none is served."""
    for tenant_id in ("blue", "green", "red", "pink", "grey"):
        served(pool, tenant_id, concurrency=2)

    with pytest.raises(TooManyRequests):
        pool.invoke(tenant_id="black", concurrency=2)
    pool.invoke(tenant_id="blue", concurrency=2)

    assert states(pool).count("BUSY") == 1
