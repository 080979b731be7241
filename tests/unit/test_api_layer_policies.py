"""Resource policies of layer versions, as boto3 sees them. docs/contract/api.md#policies."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from api_rig import ACCOUNT, REGION, Api, refused, shown
from policy_rig import publish_layer

LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:l"
ANYBODY = {"StatementId": "all", "Action": "lambda:GetLayerVersion", "Principal": "*"}


@pytest.fixture
def layered(api: Api) -> Api:
    """A layer l with two versions."""
    publish_layer(api, "l", versions=2)
    return api


def add(api: Api, **members: Any) -> dict[str, Any]:
    wanted: dict[str, Any] = {"LayerName": "l", "VersionNumber": 1} | ANYBODY
    return shown(api.client.add_layer_version_permission(**wanted | members))


def policy(api: Api, number: int = 1) -> dict[str, Any]:
    return shown(api.client.get_layer_version_policy(LayerName="l", VersionNumber=number))


@pytest.mark.parametrize(
    ("members", "principal", "condition"),
    [
        ({}, '"*"', ""),
        ({"Principal": "999999999999"}, '{"AWS":"arn:aws:iam::999999999999:root"}', ""),
        ({"Principal": "arn:aws:iam::999999999999:root"}, '{"AWS":"arn:aws:iam::999999999999:root"}', ""),
        (
            {"OrganizationId": "o-1234567890"},
            '"*"',
            ',"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1234567890"}}',
        ),
    ],
)
def test_a_permission_is_a_statement_about_the_version(
    layered: Api, members: dict[str, Any], principal: str, condition: str
) -> None:
    added = add(layered, **members)

    assert added["Statement"] == (
        f'{{"Sid":"all","Effect":"Allow","Principal":{principal},"Action":"lambda:GetLayerVersion",'
        f'"Resource":"{LAYER}:1"{condition}}}'
    )
    document = f'{{"Version":"2012-10-17","Id":"default","Statement":[{added["Statement"]}]}}'
    assert policy(layered) == {"Policy": document, "RevisionId": added["RevisionId"]}


def test_a_layer_is_named_by_its_arn_too(layered: Api) -> None:
    added = add(layered, LayerName=LAYER, VersionNumber=2)

    assert policy(layered, number=2)["RevisionId"] == added["RevisionId"]


def test_each_version_has_a_policy_of_its_own(layered: Api) -> None:
    first, second = add(layered), add(layered, VersionNumber=2)

    assert json.loads(second["Statement"])["Resource"] == f"{LAYER}:2"
    assert first["RevisionId"] != second["RevisionId"]


def test_each_change_renews_the_revision_that_the_next_may_ask_for(layered: Api) -> None:
    first = add(layered)["RevisionId"]

    second = add(layered, StatementId="2", RevisionId=first)["RevisionId"]
    layered.client.remove_layer_version_permission(LayerName="l", VersionNumber=1, StatementId="all", RevisionId=second)

    left = policy(layered)
    assert [statement["Sid"] for statement in json.loads(left["Policy"])["Statement"]] == ["2"]
    assert len({first, second, left["RevisionId"]}) == 3


def test_a_policy_goes_with_its_last_statement(layered: Api) -> None:
    add(layered)

    removed = layered.send("DELETE /2018-10-31/layers/l/versions/1/policy/all")

    assert (removed.status, removed.body) == (204, b"")
    with refused("ResourceNotFoundException", "No policy is associated with the given resource."):
        policy(layered)


def test_of_many_writers_each_adds_its_statement(layered: Api) -> None:
    wanted = [f"s{number}" for number in range(12)]

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda sid: add(layered, StatementId=sid), wanted))

    found = json.loads(policy(layered)["Policy"])["Statement"]
    assert sorted(statement["Sid"] for statement in found) == sorted(wanted)


def test_a_policy_survives_a_restart(layered: Api) -> None:
    revision_id = add(layered)["RevisionId"]

    with layered.reopened() as store:
        layer = store.layers.get(layered.scope, "l")

    assert layer is not None
    kept = layer.versions[1].policy
    assert kept is not None
    assert kept.revision_id == revision_id
