"""Functions with tenants, as their callers and their code see them, on every engine.

docs/contract/invoke.md#tenants.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import Lam
from own import EITHER_ENGINE
from waiting import Eventually

pytestmark = EITHER_ENGINE

PER_TENANT = {"TenantIsolationMode": "PER_TENANT"}
REMEMBERING = """
import os
seen = []
def handler(event, context):
    seen.append(context.tenant_id)
    with open("/tmp/seen", "a") as file:
        file.write(context.tenant_id + " ")
    return {"globals": seen, "tmp": open("/tmp/seen").read(), "stream": context.log_stream_name}
"""


def test_two_tenants_never_see_each_others_globals_or_files(lam: Lam) -> None:
    lam.create("shared", REMEMBERING, TenancyConfig=PER_TENANT)

    answers = [lam.invoke("shared", {}, TenantId=tenant).payload for tenant in ("blue", "green", "blue", "green")]

    assert [(answer["globals"], answer["tmp"]) for answer in answers] == [
        (["blue"], "blue "),
        (["green"], "green "),
        (["blue", "blue"], "blue blue "),
        (["green", "green"], "green green "),
    ]
    assert len({answer["stream"] for answer in answers}) == 2
    assert sorted(info.tenant for info in lam.environments("shared")) == ["blue", "green"]


def test_an_event_runs_for_the_tenant_it_was_sent_for(lam: Lam, eventually: Eventually) -> None:
    lam.create("later", REMEMBERING, TenancyConfig=PER_TENANT)

    answer = lam.invoke("later", {}, TenantId="a/b=c d", InvocationType="Event")

    assert answer.status == 202
    eventually(lambda: [e for e in lam.environments("later") if e.invocations == 1], "the event to run")
    assert lam.invoke("later", {}, TenantId="a/b=c d").payload["globals"] == ["a/b=c d", "a/b=c d"]


def test_the_tenant_is_in_a_json_log(lam: Lam) -> None:
    lam.create("logged", REMEMBERING, TenancyConfig=PER_TENANT, LoggingConfig={"LogFormat": "JSON"})

    lines = lam.invoke("logged", {}, TenantId="blue").tail.splitlines()

    started = next(found for line in lines if (found := json.loads(line))["type"] == "platform.start")
    assert started["record"]["tenantId"] == "blue"


@pytest.mark.parametrize("kind", ["RequestResponse", "Event", "DryRun"])
@pytest.mark.parametrize(
    ("config", "params", "text"),
    [
        (
            {"TenancyConfig": PER_TENANT},
            {},
            "The invoked function is enabled with tenancy configuration. "
            "Add a valid tenant ID in your request and try again.",
        ),
        (
            {},
            {"TenantId": "blue"},
            "The invoked function is not enabled with tenancy configuration. "
            "Remove the tenant ID from your request and try again.",
        ),
    ],
    ids=["missing", "given to none"],
)
def test_a_tenant_is_named_exactly_where_there_are_tenants(
    lam: Lam, kind: str, config: dict[str, Any], params: dict[str, str], text: str
) -> None:
    lam.create("picky", REMEMBERING, **config)

    with pytest.raises(ClientError) as refused:
        lam.invoke("picky", {}, InvocationType=kind, **params)

    assert refused.value.response["Error"] == {"Code": "InvalidParameterValueException", "Message": text}
    assert lam.environments("picky") == []


def test_a_published_version_keeps_its_tenants(lam: Lam) -> None:
    lam.create("versioned", REMEMBERING, TenancyConfig=PER_TENANT)
    published = lam.client.publish_version(FunctionName="versioned")

    blue = lam.invoke("versioned", {}, TenantId="blue", Qualifier=published["Version"])
    green = lam.invoke("versioned", {}, TenantId="green", Qualifier=published["Version"])

    assert published["TenancyConfig"] == PER_TENANT
    assert (blue.payload["globals"], green.payload["globals"]) == (["blue"], ["green"])


def test_a_tenants_name_has_the_models_form(lam: Lam) -> None:
    lam.create("picky", REMEMBERING, TenancyConfig=PER_TENANT)

    with pytest.raises(ClientError) as refused:
        lam.invoke("picky", {}, TenantId="a#b")

    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "1 validation error detected: Value 'a#b' at 'tenantId' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9\\._:\\/=+\\-@ ]+",
    }
