"""What the services' process refuses, in AWS's codes and each service's protocol: asked as no SDK asks."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from hashlib import md5
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from own import OwnLam, own_emulator
from services_rig import ACCOUNT, sdk

FORM = "application/x-www-form-urlencoded"
TARGETS = {
    "cognito-identity": "AWSCognitoIdentityService",
    "cognito-idp": "AWSCognitoIdentityProviderService",
    "dynamodb": "DynamoDB_20120810",
    "kms": "TrentService",
    "monitoring": "GraniteServiceVersion20100801",
    "secretsmanager": "secretsmanager",
    "states": "AWSStepFunctions",
    "tagging": "ResourceGroupsTaggingAPI_20170126",
}


class Refusal(NamedTuple):
    status: int
    code: str
    text: str


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("refusals"), "process", stems=0, account=ACCOUNT) as lam:
        s3 = sdk(lam, "s3")
        s3.create_bucket(Bucket="there")
        s3.put_object(Bucket="there", Key="key", Body=b"data")
        yield lam


def refusal(
    lam: OwnLam, service: str, body: str | bytes = "", method: str = "POST", path: str = "/", **headers: str
) -> Refusal:
    """Status, code and text, wherever the service's protocol has them."""
    there = urlsplit(lam.emulator.url)
    scope = f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/us-east-1/{service}/aws4_request"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(HTTPConnection(there.hostname or "", there.port, timeout=30)) as connection:
        sent = body.encode() if isinstance(body, str) else body
        connection.request(method, path, sent, named | {"Authorization": scope})
        answer = connection.getresponse()
        said = answer.read().decode()
    if said.startswith("<"):
        found = re.search(r"<Code>(\w+)</Code>\s*<Message>(.*?)</Message>", said, re.S)
        return Refusal(answer.status, *(found.groups() if found else ("", said)))
    told: Any = json.loads(said) if said else {}
    code = told.get("__type", answer.headers.get("x-amzn-ErrorType", ""))
    return Refusal(answer.status, code, told.get("message") or told.get("Message") or "")


def targeted(lam: OwnLam, service: str, operation: str, body: str) -> Refusal:
    target = f"{TARGETS[service]}.{operation}"
    return refusal(lam, service, body, X_Amz_Target=target, Content_Type="application/x-amz-json-1.1")


@pytest.mark.parametrize("service", TARGETS)
def test_an_operation_that_aws_has_not_is_unknown(lam: OwnLam, service: str) -> None:
    assert targeted(lam, service, "NoSuch", "{}")[:2] == (400, "UnknownOperationException")
    assert refusal(lam, service, "{}" if service != "monitoring" else "").status == 400


@pytest.mark.parametrize("service", ["events", "firehose", "kinesis", "logs", "monitoring", "scheduler", "sqs"])
def test_what_is_too_large_is_refused_before_it_comes_in_the_name_of_no_other_operation(
    lam: OwnLam, service: str
) -> None:
    status, code, text = refusal(lam, service, X_Amz_Target="Any.Any", Content_Length=str(64 * 1024 * 1024))

    assert (status, code.rpartition("#")[2]) == (413, "RequestEntityTooLargeException")
    assert re.fullmatch(r"Request must be smaller than \d+ bytes for the requested operation", text)


@pytest.mark.parametrize(("service", "operation"), [("kms", "ConnectCustomKeyStore"), ("cognito-idp", "CreateTerms")])
def test_one_that_aws_has_and_nobody_here_is_told_with_what_to_do(lam: OwnLam, service: str, operation: str) -> None:
    told = targeted(lam, service, operation, "{}")

    assert told[:2] == (501, "NotImplemented")
    assert f"--service {service}=" in told.text


@pytest.mark.parametrize("service", ["iam", "monitoring", "sns", "sts"])
def test_a_form_names_an_action_that_there_is(lam: OwnLam, service: str) -> None:
    assert refusal(lam, service, Content_Type=FORM)[:2] == (400, "MissingAction")
    assert refusal(lam, service, "Version=2010-08-01", Content_Type=FORM)[:2] == (400, "MissingAction")
    assert refusal(lam, service, "Action=NoSuch", Content_Type=FORM)[:2] == (400, "InvalidAction")


@pytest.mark.parametrize(("service", "path"), [("apigateway", "/nosuch"), ("apigateway", "/v2/nosuch")])
def test_a_path_that_aws_has_not_is_unknown(lam: OwnLam, service: str, path: str) -> None:
    assert refusal(lam, service, path=path)[:2] == (404, "UnknownOperationException")


@pytest.mark.parametrize("body", ["{", "[]", "7", '"x"', "null", b"\xff", '{"a": }', "[" * 100_000])
def test_a_body_that_is_no_object_cannot_be_read_by_any_service(lam: OwnLam, body: str | bytes) -> None:
    told = [refusal(lam, "apigateway", body, path=path) for path in ("/restapis", "/v2/apis", "/v2/apis/x/routes")]
    for service, target in TARGETS.items():
        told.append(refusal(lam, service, body, X_Amz_Target=f"{target}.ListTags", Content_Type="application/json"))

    assert {one[:2] for one in told} == {(400, "SerializationException")}


@pytest.mark.parametrize(
    ("service", "operation", "body", "code", "text"),
    [
        ("kms", "Decrypt", '{"CiphertextBlob": 7}', "SerializationException", "NUMBER_VALUE cannot be converted to"),
        ("kms", "CancelKeyDeletion", "{}", "ValidationException", "Value null at 'keyId' failed to satisfy constraint"),
        ("dynamodb", "PutItem", '{"TableName": ["t"]}', "SerializationException", "Start of list found where not"),
        ("dynamodb", "CreateTable", '{"TableName": {}}', "SerializationException", "Start of structure or map found"),
        ("kms", "Decrypt", '{"CiphertextBlob": true}', "SerializationException", "TRUE_VALUE cannot be converted to"),
        ("cognito-idp", "ListResourceServers", '{"UserPoolId": "us_x"}', "ResourceNotFoundException", "us_x"),
    ],
)
def test_what_is_missing_or_of_another_type_is_said_in_aws_words(
    lam: OwnLam, service: str, operation: str, body: str, code: str, text: str
) -> None:
    told = targeted(lam, service, operation, body)

    assert told[:2] == (400, code)
    assert text in told.text


CORS = "<CORSConfiguration><CORSRule/></CORSConfiguration>"


@pytest.mark.parametrize(
    ("query", "body", "code"),
    [
        *(
            (name, "<a/>", "MalformedXML")
            for name in ("lifecycle", "tagging", "website", "requestPayment", "versioning")
        ),
        *((name, "<a", "MalformedXML") for name in ("cors", "website", "publicAccessBlock", "acl", "notification")),
        *((name, "", "MissingRequestBodyError") for name in ("tagging", "versioning", "website", "ownershipControls")),
        ("cors", CORS, "MalformedXML"),
        ("tagging", "<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", "MalformedXML"),
        ("tagging", '<!DOCTYPE x [<!ENTITY a "b">]><Tagging>&a;</Tagging>', "MalformedXML"),
        ("versioning", "<VersioningConfiguration/>", "IllegalVersioningConfigurationException"),
    ],
)
def test_xml_that_is_none_of_the_operation_is_malformed(lam: OwnLam, query: str, body: str, code: str) -> None:
    assert refusal(lam, "s3", body, "PUT", f"/there?{query}")[:2] == (400, code)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/there?max-keys=abc", {}, 400, "InvalidArgument"),
        ("GET", "/there?list-type=2&max-keys=-1", {}, 400, "InvalidArgument"),
        ("GET", "/there?versions&max-keys=99999999999", {}, 400, "InvalidArgument"),
        ("GET", "/there?list-type=2&continuation-token=x", {}, 400, "InvalidArgument"),
        ("GET", "/there/key?partNumber=x", {}, 400, "InvalidArgument"),
        ("PUT", "/there/key?partNumber=0&uploadId=x", {}, 400, "InvalidArgument"),
        ("PUT", "/there/key?partNumber=1&uploadId=x", {}, 404, "NoSuchUpload"),
        ("PUT", "/there/key", {"x_amz_acl": "x"}, 400, "InvalidArgument"),
        ("PUT", "/there/key", {"x_amz_grant_read": "x"}, 400, "InvalidArgument"),
        ("PUT", "/there/key", {"x_amz_copy_source": "x"}, 400, "InvalidArgument"),
        ("PUT", "/there/key", {"x_amz_server_side_encryption": "x"}, 400, "InvalidArgument"),
        ("PUT", "/there/key", {"Content_MD5": "x"}, 400, "InvalidDigest"),
        ("PUT", "/there/key", {"Content_MD5": b64encode(md5(b"x").digest()).decode()}, 400, "BadDigest"),
        ("PUT", "/there/key", {"x_amz_checksum_crc32": "x"}, 400, "InvalidRequest"),
        ("PUT", "/there/key", {"x_amz_checksum_crc32": "AAAAAQ=="}, 400, "BadDigest"),
        ("POST", "/there", {}, 412, "PreconditionFailed"),
        ("POST", "/there/key", {}, 405, "MethodNotAllowed"),
        ("PATCH", "/there/key", {}, 405, "MethodNotAllowed"),
    ],
)
def test_what_s3_cannot_take_has_a_code_of_its_own(
    lam: OwnLam, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    assert refusal(lam, "s3", "data" if method == "PUT" else "", method, path, **headers)[:2] == (status, code)


LONG = {"TableName": "t", "FilterExpression": " AND ".join(["a = :a"] * 100_000)}
PARTS = {"TransactItems": [{"Put": {"TableName": "t", "Item": {}, "ConditionExpression": "a" * 4097}}]}
MACHINE = {"name": "m", "roleArn": "arn:aws:iam::000000000000:role/r", "definition": "[" * 100_000}
DELETED = "<Delete>" + "<Object><Key>k</Key></Object>" * 100_000 + "</Delete>"


def test_what_is_beyond_awss_bounds_is_refused_before_it_is_read(lam: OwnLam) -> None:
    """moto's parsers take minutes for it, and all of its services wait for them."""
    asked = [
        targeted(lam, "dynamodb", "Scan", json.dumps(LONG)),
        targeted(lam, "dynamodb", "TransactWriteItems", json.dumps(PARTS)),
        targeted(lam, "states", "CreateStateMachine", json.dumps(MACHINE)),
        refusal(lam, "sns", "&".join(f"a.{number}=b" for number in range(200_000)), Content_Type=FORM),
        refusal(lam, "s3", DELETED, "POST", "/there?delete"),
        refusal(lam, "s3", "<Delete>" + "<Object><Key>k</Key></Object>" * 1001 + "</Delete>", "POST", "/there?delete"),
        refusal(lam, "s3", "data", "PUT", "/there/" + "%C3%BC" * 513),
    ]

    assert [(one.status, one.code) for one in asked] == [
        (400, "ValidationException"),
        (400, "ValidationException"),
        (400, "InvalidDefinition"),
        (400, "MalformedInput"),
        (400, "MalformedXML"),
        (400, "MalformedXML"),
        (400, "KeyTooLongError"),
    ]


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"{}" * 100)[:-9], gzip.compress(b" " * 17_000_000, 1)],
    ids=["not packed", "cut off", "a bomb"],
)
@pytest.mark.parametrize("service", ["kms", "sts", "apigateway", "s3"])
def test_what_is_packed_is_unpacked_to_16_mb_and_only_where_it_is_whole(lam: OwnLam, service: str, body: bytes) -> None:
    path = {"apigateway": "/v2/apis", "s3": "/v20180820/tags/there"}.get(service, "/")
    target = {"X_Amz_Target": "TrentService.ListKeys"} if service == "kms" else {}

    told = refusal(lam, service, body, "POST", path, Content_Encoding="gzip", **target)

    assert told[:2] == (400, "SerializationException")
    assert re.search("not packed by gzip|not whole, or larger than 16777216 bytes", told.text)


def test_a_packed_body_is_served(lam: OwnLam) -> None:
    packed = gzip.compress(b'{"TableName": "none"}')

    told = refusal(lam, "dynamodb", packed, X_Amz_Target="DynamoDB_20120810.DescribeTable", Content_Encoding="gzip")

    assert told[:2] == (400, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException")


@pytest.mark.parametrize(
    ("service", "form", "code", "text"),
    [
        (
            "sns",
            "Action=AddPermission&TopicArn=x&Label=l&AWSAccountId=1&ActionName=x",
            "InvalidParameter",
            "elements, not 1",
        ),
        ("sns", "Action=Publish", "InvalidParameter", "Reason: no value for required parameter"),
        ("iam", "Action=ListRoles&MaxItems=x", "MalformedInput", "MaxItems: x is no whole number"),
        ("monitoring", "Action=DescribeAlarmHistory&StartDate=x", "SerializationException", "StartDate is no time"),
    ],
)
def test_so_is_what_is_missing_or_wrong_in_a_form(lam: OwnLam, service: str, form: str, code: str, text: str) -> None:
    told = refusal(lam, service, f"{form}&Version=2010-08-01", Content_Type=FORM)

    assert told[:2] == (400, code)
    assert text in told.text


def test_an_api_that_is_not_there_is_not_found(lam: OwnLam) -> None:
    told = refusal(lam, "apigateway", method="DELETE", path="/domainnames/nobody.example/basepathmappings/none")

    assert told[:2] == (404, "NotFoundException")


@pytest.mark.parametrize("name", ["A_b", "UPPER", "a..b", "-ab", "ab-", "192.168.0.1", "a" * 64, "xn--a"])
def test_a_bucket_has_a_name_that_s3_allows(lam: OwnLam, name: str) -> None:
    assert refusal(lam, "s3", "", "PUT", f"/{name}")[:2] == (400, "InvalidBucketName")


def test_a_key_may_have_every_character(lam: OwnLam) -> None:
    s3, key = sdk(lam, "s3"), "../\x01\n😀%2F +?#&\n"
    s3.put_object(Bucket="there", Key=key, Body=b"data")

    assert s3.get_object(Bucket="there", Key=key)["Body"].read() == b"data"
    s3.delete_object(Bucket="there", Key=key)


def test_a_date_that_is_none_is_no_condition(lam: OwnLam) -> None:
    for header in ("If_Modified_Since", "If_Unmodified_Since"):
        assert refusal(lam, "s3", "", "HEAD", "/there/key", **{header: "yesterday"}).status == 200


@pytest.mark.parametrize("service", ["config", "iot", "ec2"])
def test_a_service_that_nobody_serves_says_so_in_its_protocol(lam: OwnLam, service: str) -> None:
    told = refusal(lam, service, "{}", Content_Type=FORM if service in ("ec2",) else "application/json")

    assert told.status == 501
    assert f"--service {service}=" in told.text
