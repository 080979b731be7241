"""What the model forbids is refused in AWS's words (tests/contract/constraints.yaml)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from api_rig import asked
from werkzeug.routing import Map, Rule

from lambda_emu.api.wire.service_model import lambda_model
from lambda_emu.errors.request import ConstraintViolations

CASES = yaml.safe_load((Path(__file__).parent.parent / "contract" / "constraints.yaml").read_text())


def parse(request: str, body: Any, headers: dict[str, str]) -> dict[str, Any]:
    """Parse a request by the operation its path leads to."""
    method, _, target = request.partition(" ")
    path = target.partition("?")[0]
    rules = [
        Rule(route.path.replace("{", "<").replace("}", ">"), endpoint=route.name, methods=[route.method])
        for route in lambda_model().routes()
        if route.query is None
    ]
    name, values = Map(rules).bind("").match(path, method)
    text = b"" if body is None else json.dumps(body).encode()
    return lambda_model().operation(name).parse(asked(request, text, headers), values)


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_broken_constraint_is_refused_in_the_words_of_aws(case: dict[str, Any]) -> None:
    request = (case["request"], case.get("body"), case.get("headers", {}))

    if not case["says"]:
        parse(*request)
        return
    with pytest.raises(ConstraintViolations) as refused:
        parse(*request)

    plural = "" if len(case["says"]) == 1 else "s"
    assert refused.value.text == f"{len(case['says'])} validation error{plural} detected: {'; '.join(case['says'])}"
