"""What is refused of event, URL, recursion and runtime settings, in AWS's words (tests/contract/per_qualifier.yaml)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from api_rig import Api, serving

CASES = yaml.safe_load((Path(__file__).parent.parent / "contract" / "per_qualifier.yaml").read_text())


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("data")) as served:
        served.created("f")
        served.created("g")
        served.client.publish_version(FunctionName="f")
        served.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
        served.client.create_function_url_config(FunctionName="f", AuthType="NONE")
        yield served


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_refusal_has_the_status_code_and_words_of_aws(api: Api, case: dict[str, Any]) -> None:
    reply = api.send(case["request"], case.get("json"))

    assert (reply.status, reply.headers["x-amzn-errortype"]) == (case["status"], case["code"])
    assert reply.json == case["body"]
