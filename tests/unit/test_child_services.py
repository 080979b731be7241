"""Whose requests the services' process is asked, and how their clients read that it could not answer."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, NoReturn, cast

import pytest
from api_rig import asked, signed
from botocore.parsers import create_parser
from botocore.session import Session
from server_rig import Exchange, body_of, http_server, send
from signing_rig import ISSUER

from lambda_emu.api.scope import CallerContexts
from lambda_emu.api.service import LambdaService
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.router import Router
from lambda_emu.gateway.services import Service
from lambda_emu.gateway.wsgi import LateApp
from lambda_emu.services.child.errors import ChildBusy, ChildLost, ServicesMissing
from lambda_emu.services.child.program.front import Front, FrontError
from lambda_emu.services.child.service import services_by


def serve(*_: object) -> NoReturn:
    pytest.fail("nothing is served here")


LAMBDA = LambdaService(LateApp(serve), cast(CallerContexts, None))
ROUTER = Router([*services_by(serve), LAMBDA])
SERVED = [
    ("s3", "list_buckets"),
    ("sns", "publish"),
    ("sts", "get_caller_identity"),
    ("iam", "list_roles"),
    ("dynamodb", "put_item"),
    ("secretsmanager", "list_secrets"),
    ("ssm", "get_parameter"),
    ("kms", "list_keys"),
    ("ecr", "describe_repositories"),
    ("monitoring", "list_metrics"),
    ("states", "list_state_machines"),
    ("cognito-idp", "list_user_pools"),
    ("apigateway", "get_rest_apis"),
]
NAMES = {"monitoring": "cloudwatch", "states": "stepfunctions"}


def service_of(service: str) -> Service:
    """Who takes a request that is signed for it."""
    request = asked("POST /", b"", {"authorization": signed().replace("/lambda/", f"/{service}/")})
    return ROUTER.service(request.head, request.path)


def read(service: str, operation: str, error: LambdaError) -> dict[str, Any]:
    """The error as botocore hands it to a caller."""
    model = Session().get_service_model(NAMES.get(service, service))
    name = next(name for name in model.operation_names if name.lower() == operation.replace("_", ""))
    answer = service_of(service).error_answer(error, asked("POST /", b"", {}))
    headers = {name.lower(): value for name, value in answer.headers}
    said = {"status_code": answer.status, "headers": headers, "body": answer.body}
    parser = create_parser(model.resolved_protocol)
    found: dict[str, Any] = parser.parse(said, model.operation_model(name).output_shape)["Error"]
    return found


@pytest.mark.parametrize(("service", "operation"), SERVED)
@pytest.mark.parametrize("error", [ServicesMissing("moto"), ChildLost("was killed"), ChildBusy(9)], ids=repr)
def test_each_services_clients_read_why_it_cannot_be_had(service: str, operation: str, error: LambdaError) -> None:
    found = read(service, operation, error)

    assert (found["Code"], found["Message"]) == (error.code, error.text)


@pytest.mark.parametrize("service", ["lambda", "sqs", "events", "scheduler", "logs", "kinesis", "ec2"])
def test_what_the_process_does_not_serve_is_not_asked_there(service: str) -> None:
    assert service_of(service) is LAMBDA


def test_a_missing_library_is_told_with_what_to_install() -> None:
    assert "pip install 'lambda-emu[services]'" in str(ServicesMissing("moto"))


@pytest.mark.parametrize(
    ("target", "is_ours"),
    [("DynamoDB_20120810.PutItem", True), ("DynamoDBStreams_20120810.GetRecords", True), ("AmazonSQS.Send", False)],
)
def test_a_request_without_signature_is_told_by_its_target(target: str, is_ours: bool) -> None:
    request = asked("POST /", b"", {"x-amz-target": target})

    assert (ROUTER.service(request.head, request.path) is not LAMBDA) is is_ours


@pytest.mark.parametrize("path", ["/a", "/a/key", "/%2F%2F", "/a b", "//x", "/ü", "/photos%00", "/" + 300 * "x"])
def test_a_path_that_names_no_bucket_there_could_be_is_refused_without_the_process(path: str) -> None:
    request = asked(f"GET {path}", b"", {"authorization": signed().replace("/lambda/", "/s3/")})
    service = ROUTER.service(request.head, request.path)

    answer = service.handling(request.head, request.path, 0).serve(request, cast(Call, None))

    assert answer is not None
    assert (answer.status, b"<Code>InvalidBucketName</Code>" in answer.body) == (400, True)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"Type": "User", "Message": "Function not found"}', "Function not found"),
        (b'{"__type": "a#QueueDoesNotExist", "message": "The queue does not exist."}', "The queue does not exist."),
        (b"not JSON", "not JSON"),
        (b"[]", "[]"),
    ],
)
def test_who_cannot_be_told_of_something_is_named_with_what_lambda_emu_said(body: bytes, said: str) -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:none"

    def refuse(exchange: Exchange) -> None:
        body_of(exchange)
        send(exchange, body, 404)

    with http_server(refuse) as url, pytest.raises(FrontError) as raised:
        Front(url, ISSUER).send_event(arn, {})

    assert str(raised.value) == f"{arn}: {said}"


def test_no_service_imports_what_nobody_asks_for() -> None:
    """All that moto knows of EC2 takes a second and 130 MB."""
    script = """
import sys
from moto.moto_server.werkzeug_app import create_backend_app
from lambda_emu.services.child.program.patches import services
from lambda_emu.services.child.program.app import SERVED
for name in sorted(SERVED):
    services.extend(name)
    create_backend_app(name)
print(*(name for name in sys.modules if name.startswith(("moto.ec2", "openapi_spec_validator"))))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == []
