"""Versions and aliases that run: each version its own code, an alias what it points to.

docs/contract/api.md#versions-and-aliases.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from lam import Lam
from own import EITHER_ENGINE

pytestmark = EITHER_ENGINE

SAYS = """
import os
def handler(event, context):
    return {"says": %r, "version": context.function_version, "arn": context.invoked_function_arn,
            "memory_mb": context.memory_limit_in_mb, "stream": context.log_stream_name}
"""


@pytest.fixture
def two(lam: Lam) -> Lam:
    """A function `v`: version 1 says one, version 2 and $LATEST say two."""
    lam.create("v", SAYS % "one", MemorySize=128)
    lam.client.publish_version(FunctionName="v")
    lam.update("v", SAYS % "two", MemorySize=256)
    lam.client.publish_version(FunctionName="v")
    return lam


def executed(answer: Any) -> str:
    return str(answer.headers["x-amz-executed-version"])


def test_a_version_runs_the_code_and_configuration_it_was_published_with(two: Lam) -> None:
    first, second, latest = (two.invoke("v", {}, Qualifier=qualifier) for qualifier in ("1", "2", "$LATEST"))

    assert (first.payload["says"], first.payload["version"], first.payload["memory_mb"]) == ("one", "1", "128")
    assert (second.payload["says"], second.payload["version"], second.payload["memory_mb"]) == ("two", "2", "256")
    assert (latest.payload["says"], latest.payload["version"]) == ("two", "$LATEST")
    assert [executed(answer) for answer in (first, second, latest)] == ["1", "2", "$LATEST"]
    assert "/[1]" in first.payload["stream"]
    assert f"START RequestId: {first.request_id} Version: 1\n" in first.tail


def test_an_alias_runs_its_version_and_is_seen_in_the_arn(two: Lam) -> None:
    two.client.create_alias(FunctionName="v", Name="live", FunctionVersion="1")

    before = two.invoke("v:live", {})
    two.client.update_alias(FunctionName="v", Name="live", FunctionVersion="2")
    after = two.invoke("v:live", {})

    assert (before.payload["says"], executed(before)) == ("one", "1")
    assert (after.payload["says"], executed(after)) == ("two", "2")
    assert after.payload["arn"].endswith(":function:v:live")


def test_a_weighted_alias_shares_its_invocations(two: Lam) -> None:
    routing: Any = {"AdditionalVersionWeights": {"2": 0.5}}
    two.client.create_alias(FunctionName="v", Name="live", FunctionVersion="1", RoutingConfig=routing)

    counts = Counter(executed(two.invoke("v", {}, Qualifier="live")) for _ in range(60))

    assert set(counts) == {"1", "2"}
    assert 10 <= counts["2"] <= 50  # even odds leave this range once in ten million runs


def test_a_version_goes_on_when_latest_fails_and_ends_when_it_is_deleted(two: Lam) -> None:
    assert two.invoke("v", {}, Qualifier="1").payload["says"] == "one"
    two.update("v", "raise Exception('broken')")

    assert two.invoke("v", {}, Qualifier="1").payload["says"] == "one"
    two.client.delete_function(FunctionName="v", Qualifier="1")

    with pytest.raises(two.client.exceptions.ResourceNotFoundException, match=r":function:v:1$"):
        two.invoke("v", {}, Qualifier="1")
    assert {info.version for info in two.environments("v")} <= {"$LATEST"}


def test_nothing_runs_under_a_name_that_is_no_version_or_alias(two: Lam) -> None:
    with pytest.raises(two.client.exceptions.ResourceNotFoundException, match=r":function:v:nobody$"):
        two.invoke("v", {}, Qualifier="nobody")
