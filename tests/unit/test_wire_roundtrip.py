"""What botocore's own client writes, we read; what we write, it reads: for every operation of the model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest
from api_rig import asked
from botocore import model, parsers, serialize

from lambda_emu.api.wire.service_model import lambda_model
from lambda_emu.api.wire.shapes import TimeShape
from lambda_emu.gateway.request import Request

SERVICE = botocore.session.Session().get_service_model("lambda")
STREAMED = {"Invoke", "InvokeWithResponseStream"}  # a client reads these answers as they come
SAMPLES: dict[str, Any] = {
    "string": "some text",
    "integer": 7,
    "long": 2**40,
    "double": 0.25,
    "boolean": True,
    "blob": b"\x00bytes\xff",
    "timestamp": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
}


def sample(shape: model.Shape) -> Any:
    """A value with every member set."""
    if isinstance(shape, model.StructureShape):
        return {name: sample(member) for name, member in shape.members.items()}
    if isinstance(shape, model.ListShape):
        return [sample(shape.member)] * 2
    if isinstance(shape, model.MapShape):
        return {"key": sample(shape.value)}
    return SAMPLES[shape.type_name]


def written_by_botocore(operation: model.OperationModel, request: dict[str, Any]) -> dict[str, Any]:
    serializer = serialize.create_serializer(SERVICE.metadata["protocol"], include_validation=False)
    return dict(serializer.serialize_to_request(request, operation))


def as_it_comes(sent: dict[str, Any]) -> Request:
    body = sent["body"].encode() if isinstance(sent["body"], str) else sent["body"]
    query = urlsplit(sent["url_path"]).query
    extra = "&".join(f"{name}={v}" for name, value in sent["query_string"].items() for v in _listed(value))
    return asked(f"POST /any?{'&'.join(filter(None, (query, extra)))}", body, sent["headers"])


def _listed(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", SERVICE.operation_names)
def test_what_a_client_writes_is_read(name: str) -> None:
    operation = SERVICE.operation_model(name)
    request = sample(operation.input_shape) if operation.input_shape else {}
    sent = written_by_botocore(operation, request)
    members = operation.input_shape.members if operation.input_shape else {}
    path = {key: str(request[key]) for key, shape in members.items() if shape.serialization.get("location") == "uri"}

    came, reader = as_it_comes(sent), lambda_model().operation(name).input
    parsed = reader.from_head(came, path)
    if reader.payload is not None or reader.body is not None:
        parsed |= reader.from_body(came.body)

    assert parsed == request


@pytest.mark.parametrize("name", sorted(set(SERVICE.operation_names) - STREAMED))
def test_what_we_write_is_read_by_a_client(name: str) -> None:
    operation = SERVICE.operation_model(name)
    result = sample(operation.output_shape) if operation.output_shape else {}
    for key in [
        key for key in result if operation.output_shape.members[key].serialization.get("location") == "statusCode"
    ]:
        del result[key]  # it is the status of the answer

    answer = lambda_model().operation(name).answer(result)

    response = {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.body}
    parsed = parsers.create_parser("rest-json").parse(response, operation.output_shape)
    if answer.status != 204:
        assert {key: parsed[key] for key in result} == result


def test_times_are_written_to_the_millisecond() -> None:
    assert TimeShape("Date").write(datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)) == 1767323045.679


def test_members_that_are_none_are_left_out() -> None:
    answer = lambda_model().operation("GetFunctionConcurrency").answer({"ReservedConcurrentExecutions": None})

    assert answer.body == b"{}"


def test_a_member_the_model_does_not_have_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError, match="has no"):
        lambda_model().operation("GetFunctionConcurrency").answer({"Reserved": 1})
