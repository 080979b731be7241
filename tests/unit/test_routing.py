"""Whose a request is: by its head, in one order for all services. docs/services.md#routing."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest
from api_rig import asked
from botocore.parsers import create_parser
from botocore.session import Session
from signing_rig import ISSUER

from lambda_emu.api.scope import CallerContexts
from lambda_emu.api.service import LambdaService, OwnPages
from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.cloudformation.service import CloudFormationService
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.router import Router
from lambda_emu.gateway.services import Handling, Service, ServiceClaims
from lambda_emu.gateway.wsgi import LateApp
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.services.buckets import bucket_of
from lambda_emu.services.catalogue import KNOWN, known, misnamed
from lambda_emu.services.child.service import OtherServices, services_by
from lambda_emu.services.eventbridge.service import EventsService
from lambda_emu.services.firehose.service import FirehoseService
from lambda_emu.services.kinesis.service import StreamService
from lambda_emu.services.logs.service import LogService
from lambda_emu.services.overview import BY, NAMES, Overview, has_moto
from lambda_emu.services.scheduler.service import SchedulerService
from lambda_emu.services.sqs.service import QueueService
from lambda_emu.services.unserved import Forms, ServiceNotServed, Unserved


def serve(*_: object) -> NoReturn:
    pytest.fail("nothing is served here")


class DataPlane:
    """A service of some claims that serves nothing."""

    answers_pages = True

    def __init__(self, **claims: Any) -> None:
        self.claims = ServiceClaims(**claims)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        raise NotImplementedError

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return error_answer(error, request.request_id)


PAGES, LAMBDA = OwnPages(LateApp(serve)), LambdaService(LateApp(serve), cast(CallerContexts, None))
URLS = DataPlane(within=("lambda-url",), paths=(b"/_lambda-emu/url/",))
APIS = DataPlane(within=("execute-api",), paths=(b"/restapis/",), signed_for=("execute-api",))
OURS: Mapping[str, Service] = {
    "sqs": QueueService(cast(Any, None)),
    "kinesis": StreamService(cast(Any, None)),
    "events": EventsService(cast(Any, None)),
    "firehose": FirehoseService(cast(Any, None)),
    "logs": LogService(cast(Any, None)),
    "cloudformation": CloudFormationService(cast(Any, None)),
    "scheduler": SchedulerService(cast(Any, None)),
}
JSON, QUERY, REST, S3 = AROUND = services_by(serve)
UNSERVED, FORMS = Unserved(), Forms([*OURS.values(), *AROUND])
NAMES_OF = {
    id(one): name
    for name, one in {
        "pages": PAGES, "lambda": LAMBDA, "urls": URLS, "apis": APIS, **OURS, "json": JSON, "query": QUERY,
        "rest": REST, "s3": S3, "unserved": UNSERVED, "forms": FORMS,
    }.items()
}  # fmt: skip
SERVED_BY = {name: None if name == "unserved" else name for name in NAMES_OF.values()}
EVERYBODY = Router([URLS, APIS, PAGES, LAMBDA, UNSERVED, FORMS, *OURS.values(), *AROUND])
DOCUMENTED = Path(__file__).parents[2] / "docs" / "services.md"
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def signed(service: str, **headers: str) -> dict[str, str]:
    scope = f"123456789012/20260101/us-east-1/{service}/aws4_request"
    return {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0", **headers}


def presigned(service: str) -> str:
    return f"X-Amz-Credential=123456789012%2F20260101%2Fus-east-1%2F{service}%2Faws4_request&X-Amz-Signature=0"


def served_by(request: str, headers: Mapping[str, str]) -> str:
    found = asked(request, b"", headers)
    return NAMES_OF[id(EVERYBODY.service(found.head, found.path))]


@pytest.mark.parametrize(
    ("request_", "headers", "service"),
    [
        ("GET /", {"host": "abc.lambda-url.us-east-1.localhost"}, "urls"),
        ("GET /", {"host": "ABC.Lambda-URL.us-east-1.localhost.:9000"}, "urls"),
        ("GET /", {"host": "abc.lambda-url.eu-west-1.on.aws"}, "urls"),
        ("GET /", {"host": "a.execute-api.localhost.localstack.cloud:4566"}, "apis"),
        ("GET /key", {"host": "photos.localhost:9000"}, "s3"),
        ("GET /key", {"host": "photos.s3.localhost.localstack.cloud:4566"}, "s3"),
        ("GET /key", {"host": "photos.s3.eu-west-1.localhost.localstack.cloud:4566"}, "s3"),
        ("POST /2015-03-31/functions", {"host": "photos.localhost", **signed("lambda")}, "s3"),
        ("POST /2015-03-31/functions", {"host": "abc.lambda-url.us-east-1.localhost", **signed("lambda")}, "urls"),
        ("GET /_lambda-emu/logs", {"host": "photos.localhost"}, "s3"),
        ("GET /_lambda-emu/logs", {"host": "abc.lambda-url.us-east-1.localhost"}, "urls"),
    ],
)
def test_a_host_of_a_data_plane_reaches_that_alone_whatever_the_request_says(
    request_: str, headers: Mapping[str, str], service: str
) -> None:
    assert served_by(request_, headers) == service


@pytest.mark.parametrize(
    "host",
    [
        *("localhost:9000", "127.0.0.1:9000", "[::1]:9000", "emu", "lambda-url.localhost.localstack.cloud"),
        *("localhost.localstack.cloud", "sqs.us-east-1.localhost.localstack.cloud:4566"),
        *("us-east-1.queue.localhost.localstack.cloud", "lambda.localhost.localstack.cloud"),
        *("s3.localhost.localstack.cloud:4566", "s3.us-east-1.localhost.localstack.cloud", "s3.localhost"),
    ],
)
def test_any_other_host_says_nothing_of_the_service(host: str) -> None:
    assert served_by("POST /", {"host": host, **signed("sns")}) == "query"
    assert served_by("GET /photos/key", {"host": host}) == "s3"


@pytest.mark.parametrize(
    ("request_", "headers", "service"),
    [
        ("GET /_lambda-emu/logs", signed("sqs"), "pages"),
        ("GET /%5Flambda%2Demu/l%6fgs", {}, "pages"),
        ("GET /_lambda-emu/url/abc/", signed("lambda"), "urls"),
        ("GET /2015-03-31/functions", signed("lambda"), "lambda"),
        ("POST /", signed("sqs"), "sqs"),
        ("POST /2015-03-31/functions", signed("s3"), "s3"),
        ("PUT /123456789012/jobs", signed("s3"), "s3"),
        ("GET /v20180820/tags", signed("s3"), "s3"),
        ("GET /v2/apis", signed("apigateway"), "rest"),
        ("POST /@connections/abc", signed("execute-api"), "apis"),
        ("POST /", signed("monitoring"), "json"),
        ("POST /service/GraniteServiceVersion20100801/operation/ListMetrics", signed("monitoring"), "json"),
        ("POST /", signed("sts", **{"x-amz-target": "AmazonSQS.SendMessage"}), "query"),
        ("POST /", signed("kinesis"), "kinesis"),
        ("POST /", signed("iot"), "unserved"),
        ("POST /", signed("ec2", **FORM), "unserved"),
        ("GET /photos/key", {"authorization": "AWS 123456789012:c2lnbmF0dXJl"}, "s3"),
    ],
)
def test_then_what_it_is_signed_for_decides(request_: str, headers: Mapping[str, str], service: str) -> None:
    assert served_by(request_, headers) == service


@pytest.mark.parametrize(
    ("request_", "headers", "service"),
    [
        ("POST /", {"x-amz-target": "AmazonSQS.SendMessage"}, "sqs"),
        ("POST /", {"x-amz-target": "DynamoDBStreams_20120810.GetRecords"}, "json"),
        ("POST /", {"x-amz-target": "AWSEvents.PutEvents"}, "events"),
        (f"GET /photos/key?{presigned('s3')}", {}, "s3"),
        (f"GET /?Action=GetCallerIdentity&{presigned('sts')}", {}, "query"),
        (f"GET /123456789012/jobs?{presigned('s3')}", {}, "s3"),
        ("GET /2015-03-31/key?AWSAccessKeyId=1&Signature=0&Expires=9", {}, "s3"),
        ("GET /2015-03-31/key?Expires=9&Signature=0&AWSAccessKeyId=1", {}, "s3"),
        ("GET /?Action=ConfirmSubscription&TopicArn=a&Token=b", {}, "query"),
        ("GET /?Action=ListQueues&Version=2012-11-05", {}, "sqs"),
        ("POST /", FORM, "forms"),
        ("POST /123456789012/jobs", FORM, "sqs"),
        ("GET /2015-03-31/functions", {}, "lambda"),
        ("GET /restapis/abc/dev/_user_request_/", {}, "apis"),
        ("GET /", {}, "lambda"),
        ("GET /favicon.ico", {}, "lambda"),
        ("GET /_lambda-emu", {}, "lambda"),
        ("GET //_lambda-emu/logs", {}, "lambda"),
        ("GET /us-east-1_Ab1/.well-known/jwks.json", {}, "json"),
        ("GET /us-east-1_Ab1/.well-known/openid-configuration?a=1", {}, "json"),
        ("GET /us-east-1-ab1/.well-known/jwks.json", {}, "s3"),
        ("GET /photos", {}, "s3"),
        ("GET /photos/2015-03-31/functions", {}, "s3"),
    ],
)
def test_then_its_target_its_query_its_form_its_path_and_last_it_is_s3s(
    request_: str, headers: Mapping[str, str], service: str
) -> None:
    assert served_by(request_, headers) == service


@pytest.mark.parametrize(
    ("form", "service"),
    [
        (b"Action=AssumeRoleWithWebIdentity&RoleArn=a", QUERY),
        (b"Version=2010-03-31&Action=Publish", QUERY),
        (b"Action=ListQueues&Version=2012-11-05", OURS["sqs"]),
        (b"Action=DescribeInstances&Version=2016-11-15", None),
        (b"", None),
    ],
)
def test_an_unsigned_form_says_in_its_body_whose_it_is(form: bytes, service: Service | None) -> None:
    assert EVERYBODY.of_form(form) is service


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("photos.localhost", "photos"),
        ("my.photos.localhost", "my.photos"),
        ("photos.s3.localhost", "photos"),
        ("photos.s3.us-east-1.localhost.localstack.cloud", "photos"),
        ("my.photos.s3-eu-west-1.amazonaws.com", "my.photos"),
        ("localhost", None),
        ("photos.localhost.localstack.cloud", None),
        ("s3.localhost", None),
        ("photos.example.com", None),
    ],
)
def test_a_bucket_stands_before_the_name_of_s3(host: str, bucket: str | None) -> None:
    assert bucket_of(host) == bucket


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_what_the_catalogue_says_of_a_service_is_what_sdks_do(name: str) -> None:
    model = Session().get_service_model(name)
    claims = known(name).claims
    target = model.metadata.get("targetPrefix")

    assert known(name).variable == f"AWS_ENDPOINT_URL_{model.service_id.upper().replace(' ', '_')}"
    assert claims.targets == ((f"{target}.".encode(),) if target else ())
    assert {one.partition("/")[0] for one in claims.signed_for} <= {model.signing_name}
    if claims.versions:
        assert claims.versions == (model.api_version.encode(),)
        assert name == "sqs" or "query" in model.metadata["protocols"]  # of SQS botocore forgot it


@pytest.mark.parametrize(
    ("service", "protocol", "operation", "headers"),
    [
        ("kinesis", "json", "PutRecord", {"x-amz-target": "Kinesis_20131202.PutRecord"}),
        ("ses", "query", "SendEmail", FORM),
        ("scheduler", "rest-json", "ListSchedules", {}),
        ("kinesis", "smithy-rpc-v2-cbor", "PutRecord", {"smithy-protocol": "rpc-v2-cbor"}),
    ],
)
def test_what_nobody_serves_is_refused_as_its_sdk_reads_it_and_says_what_to_set(
    service: str, protocol: str, operation: str, headers: Mapping[str, str]
) -> None:
    request = asked("POST /", b"", signed(service, **headers))

    answer = UNSERVED.handling(request.head, request.path, 0).serve(request, cast(Call, None))

    assert answer is not None
    said = {
        "status_code": answer.status,
        "headers": {name.lower(): value for name, value in answer.headers},
        "body": answer.body,
    }
    shape = Session().get_service_model(service).operation_model(operation).output_shape
    error = create_parser(protocol).parse(said, shape)["Error"]
    assert error["Code"] == "NotImplementedException"
    assert f"--service {service}=http" in error["Message"]
    assert answer.status == 501


def test_what_nobody_serves_is_refused_in_older_cbor_too() -> None:
    request = asked("POST /", b"", signed("kinesis", **{"content-type": "application/x-amz-cbor-1.1"}))

    answer = UNSERVED.error_answer(ServiceNotServed("kinesis"), request)

    assert dict(answer.headers)["Content-Type"] == "application/x-amz-cbor-1.1"
    assert answer.body.startswith(b"\xa2\x79\x00\x06__type\x79")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_listed_as_served_is_routed_to_somebody_and_nothing_else(name: str) -> None:
    scope = "lambda" if name == "lambda" else known(name).signing_name
    path = {"s3control": "/v20180820/", "apigatewayv2": "/v2/apis", "sesv2": "/v2/email/x"}.get(name, "/")
    target = known(name).claims.targets
    headers = {"x-amz-target": target[0].decode()} if target else {}

    found = SERVED_BY[served_by(f"POST {path}", signed(scope, **headers))]

    assert (found is None) == (name not in BY)


def test_who_serves_what_is_documented() -> None:
    rows = [
        row.split("|")[1:3]
        for row in DOCUMENTED.read_text().splitlines()
        if row.startswith("| `") or "all others" in row
    ]
    told = {name: by.strip() for names, by in rows[:4] for name in re.findall(r"`([a-z0-9-]+)`", names)}

    assert set(told) == set(NAMES)
    assert {name: by for name, by in told.items() if not by.startswith("nobody")} == BY


@pytest.mark.parametrize(
    ("name", "meant"),
    [("eventbridge", "events"), ("sfn", "stepfunctions"), ("cloudwatch-logs", "logs"), ("s3", None), ("ec2", None)],
)
def test_another_name_of_a_service_is_known_for_that(name: str, meant: str | None) -> None:
    assert misnamed(name) == meant


def test_what_moto_would_serve_is_nobodys_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moto", None)  # as where it is not installed
    has_moto.cache_clear()

    child = OtherServices(Loop(), "http://127.0.0.1:1", Scope("000000000000", "us-east-1"), Clock(), ISSUER)
    found = {one.name: one for one in Overview((), child).services()}

    has_moto.cache_clear()
    assert {name for name, one in found.items() if one.by} == {"cloudwatch", "lambda", *OURS}
    assert (found["s3"].needs, found["apigatewayv2"].needs) == ("pip install 'lambda-emu[services]'",) * 2
