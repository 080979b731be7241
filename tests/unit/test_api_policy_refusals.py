"""What the operations on resource policies refuse, and in which words (tests/contract/policies.yaml)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from api_rig import Api, serving
from policy_rig import publish_layer

CASES = yaml.safe_load((Path(__file__).parent.parent / "contract" / "policies.yaml").read_text())
S3: dict[str, Any] = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("data")) as served:
        served.created("f")
        served.client.publish_version(FunctionName="f")
        served.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
        served.client.add_permission(FunctionName="f", StatementId="s3", **S3)
        publish_layer(served, "l", versions=2)
        served.client.add_layer_version_permission(
            LayerName="l", VersionNumber=1, StatementId="all", Action="lambda:GetLayerVersion", Principal="*"
        )
        yield served


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_refusal_has_the_status_code_and_words_of_aws(api: Api, case: dict[str, Any]) -> None:
    if "add" in case:
        reply = api.send("POST /2015-03-31/functions/f/policy", S3 | {"StatementId": "new"} | case["add"])
    else:
        reply = api.send(case["request"], case.get("json"))

    assert reply.status == case.get("status", 400)
    assert reply.headers["x-amzn-errortype"] == case.get("code", "InvalidParameterValueException")
    assert reply.json == case["body"]
