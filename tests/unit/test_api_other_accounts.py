"""Whatever is named by the ARN of another account is refused to a caller of this one, by every operation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from api_rig import ROLE, Api, serving, signed
from botocore import model
from botocore.session import Session
from mapping_rig import QUEUE

from lambda_emu.api.operations import all_handlers
from lambda_emu.api.wire.service_model import lambda_model

SERVICE = Session().get_service_model("lambda")
ROUTES = {route.name: route for route in lambda_model().routes()}
SERVED = sorted(name for name, handler in all_handlers().items() if not handler.detached)  # others answer from the pool
THEIRS = "arn:aws:lambda:us-east-1:210987654321:"
EMPTY_ZIP = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="

# By member: what it names in the other account.
NAMES = {
    "FunctionName": THEIRS + "function:f",
    "Resource": THEIRS + "function:f",
    "ResourceArn": THEIRS + "function:f",
    "LayerName": THEIRS + "layer:l",
    "Arn": THEIRS + "layer:l:1",
    "CodeSigningConfigArn": THEIRS + "code-signing-config:csc-0123456789abcdef0",
    "CapacityProviderName": THEIRS + "capacity-provider:p",
    "DurableExecutionArn": THEIRS + "function:f:1/durable-execution/n/00000000-0000-0000-0000-000000000000",
}
# By member: what an operation is given besides, so that nothing else is wrong with it.
OTHERS: dict[str, Any] = {
    "Role": ROLE,
    "Runtime": "python3.13",
    "Handler": "a.b",
    "Code": {"ZipFile": EMPTY_ZIP},
    "Content": {"ZipFile": EMPTY_ZIP},
    "Qualifier": "1",
    "Name": "live",
    "FunctionVersion": "1",
    "VersionNumber": 1,
    "StatementId": "s",
    "Action": "lambda:GetFunction",
    "Principal": "210987654321",
    "Policy": "{}",
    "EventSourceArn": QUEUE,
    "Tags": {"a": "b"},
    "TagKeys": ["a"],
    "CheckpointToken": "AAAA",
    "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": []},
    "PermissionsConfig": {"CapacityProviderOperatorRoleArn": ROLE},
    "FunctionScalingConfig": {},
}
OF_LAYERS = {"Action": "lambda:GetLayerVersion"}


def named_by(operation: str) -> list[str]:
    """The members by which an operation names what may be another's."""
    shape = SERVICE.operation_model(operation).input_shape
    needed = [] if shape is None else [member for member in NAMES if member in shape.required_members]
    return needed if operation != "UpdateFunctionConfiguration" else ["FunctionName"]


def request_of(operation: str) -> tuple[str, dict[str, Any] | None]:
    """The request line and body of a call that names what it can in the other account."""
    shape = SERVICE.operation_model(operation).input_shape
    assert shape is not None
    path, query, body = ROUTES[operation].path, dict[str, Any](), dict[str, Any]()
    for member, inner in shape.members.items():
        if member not in (*shape.required_members, "Runtime", "Handler", "EventSourceArn"):
            continue
        value = NAMES.get(member) or (OF_LAYERS if "Layer" in operation else {}).get(member) or _other(member, inner)
        place, name = inner.serialization.get("location", "body"), inner.serialization.get("name", member)
        if place == "uri":
            path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
        else:
            (query if place == "querystring" else body)[name] = value
    words = "&".join(filter(None, [ROUTES[operation].query, urlencode(query, doseq=True)]))
    return f"{ROUTES[operation].method} {path}?{words}", body or None


def _other(member: str, shape: model.Shape) -> Any:
    if member in OTHERS:
        return OTHERS[member]
    return shape.enum[0] if shape.type_name == "string" and shape.enum else 1


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("data")) as served:
        served.created("f")
        yield served


@pytest.mark.parametrize("operation", [name for name in SERVED if named_by(name)])
def test_what_is_named_in_another_account_is_refused(api: Api, operation: str) -> None:
    reply = api.send(*request_of(operation))

    assert (reply.status, reply.headers["x-amzn-errortype"]) == (403, "AccessDeniedException"), reply.body


@pytest.mark.parametrize(
    ("request_line", "body"),
    [
        ("PUT /2020-06-30/functions/f/code-signing-config", {"CodeSigningConfigArn": NAMES["CodeSigningConfigArn"]}),
        ("PUT /2015-03-31/functions/f/configuration", {"Layers": [NAMES["Arn"]]}),
        ("PUT /2015-03-31/functions/f/configuration", {"Role": ROLE.replace("123456789012", "210987654321")}),
        ("GET /2015-03-31/event-source-mappings?FunctionName=" + NAMES["FunctionName"], None),
        (f"GET /2017-03-31/tags/{THEIRS}event-source-mapping:00000000-0000-0000-0000-000000000000", None),
        (f"GET /2017-03-31/tags/{THEIRS}capacity-provider:p", None),
        (f"GET /2017-03-31/tags/{NAMES['CodeSigningConfigArn']}", None),
    ],
)
def test_so_is_what_a_function_of_ones_own_is_given(api: Api, request_line: str, body: Any) -> None:
    reply = api.send(request_line, body, {"Authorization": signed("123456789012")})

    assert (reply.status, reply.headers["x-amzn-errortype"]) == (403, "AccessDeniedException"), reply.body
