"""botocore's waiters, as SAM, CDK and deploy scripts use them: each sees a function on its way, and then there."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import Api, zipped

CODE = zipped({"app.py": "changed"})
AT_ONCE: Any = {"Delay": 0, "MaxAttempts": 5}
VERSION_1 = {"FunctionName": "f", "Qualifier": "1"}


def states_seen(api: Api, waiter: str, **named: Any) -> list[tuple[str, str | None]]:
    """State and update that the waiter was shown until it was content; the function gets there after the first."""
    seen: list[tuple[str, str | None]] = []

    def look(parsed: Any, **_: Any) -> None:
        configuration = parsed.get("Configuration", parsed)
        seen.append((configuration["State"], configuration.get("LastUpdateStatus")))
        api.activations.finish()

    api.client.meta.events.register("after-call.lambda", look)
    api.client.get_waiter(waiter).wait(**named, WaiterConfig=AT_ONCE)  # type: ignore[call-overload]
    api.client.meta.events.unregister("after-call.lambda", look)
    return seen


@pytest.mark.parametrize("waiter", ["function_active", "function_active_v2"])
def test_a_new_function_is_waited_for_until_it_is_active(api: Api, waiter: str) -> None:
    api.create("f")

    assert states_seen(api, waiter, FunctionName="f") == [("Pending", None), ("Active", "Successful")]


@pytest.mark.parametrize("waiter", ["function_updated", "function_updated_v2"])
def test_an_update_is_waited_for_until_it_is_in_use(api: Api, waiter: str) -> None:
    api.created("f")
    api.client.update_function_code(FunctionName="f", ZipFile=CODE)

    assert states_seen(api, waiter, FunctionName="f") == [("Active", "InProgress"), ("Active", "Successful")]


@pytest.mark.parametrize("waiter", ["function_active", "published_version_active"])
def test_a_version_published_with_its_function_becomes_active_too(api: Api, waiter: str) -> None:
    api.create("f", Publish=True)

    seen = states_seen(api, waiter, **VERSION_1)

    assert [state for state, _ in seen] == ["Pending", "Active"]


def test_a_function_exists_as_soon_as_it_was_created(api: Api) -> None:
    api.create("f")

    assert len(states_seen(api, "function_exists", FunctionName="f")) == 1
