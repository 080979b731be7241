"""Services of AWS by the names that boto3 and the AWS CLI give them, and how a request says which one it is for.

A test holds it to botocore's own models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import ServiceClaims
from lambda_emu.services.buckets import bucket_of
from lambda_emu.services.callers import signed_with

POOL_PATH = re.compile(
    rb"/[a-z]{2}(?:-[a-z]+)+-[0-9]_[0-9A-Za-z]{1,55}/\.well-known/(?:jwks\.json|openid-configuration)"
)
QUEUE_PATH = re.compile(rb"(?:/queue/[a-z0-9-]{1,32})?/[0-9]{12}/[A-Za-z0-9_.-]{1,85}/?")


SHAPES = {"cognito-idp": (POOL_PATH,), "sqs": (QUEUE_PATH,)}


class Known(Struct, frozen=True):
    """id: as SDKs write it in AWS_ENDPOINT_URL_<id>."""

    name: str
    id: str
    claims: ServiceClaims

    @property
    def signing_name(self) -> str:
        """In a credential's scope."""
        return self.claims.signed_for[0].partition("/")[0] if self.claims.signed_for else "dynamodb"

    @property
    def variable(self) -> str:
        return f"AWS_ENDPOINT_URL_{self.id}"


def _row(
    name: str, id: str, signed_for: str | None = "", target: str = "", version: str = "", actions: Sequence[bytes] = ()
) -> Known:
    """signed_for: of another name than the service's own; None: of another service's, and the target tells."""
    claims = ServiceClaims(
        is_host=(lambda host: bucket_of(host) is not None) if name == "s3" else None,
        signed_for=() if signed_for is None else (signed_for or name,),
        targets=(target.encode(),) if target else (),
        versions=(version.encode(),) if version else (),
        actions=tuple(actions),
        shapes=SHAPES.get(name, ()),
    )
    return Known(name, id, claims)


_ROWS = (
    _row("apigateway", "API_GATEWAY"),
    _row("apigatewayv2", "APIGATEWAYV2", "apigateway/v2/"),
    _row("cloudformation", "CLOUDFORMATION", version="2010-05-15"),
    _row("cloudwatch", "CLOUDWATCH", "monitoring", "GraniteServiceVersion20100801.", "2010-08-01"),
    _row("cognito-identity", "COGNITO_IDENTITY", target="AWSCognitoIdentityService."),
    _row("cognito-idp", "COGNITO_IDENTITY_PROVIDER", target="AWSCognitoIdentityProviderService."),
    _row("config", "CONFIG_SERVICE", target="StarlingDoveService."),
    _row("dynamodb", "DYNAMODB", target="DynamoDB_20120810."),
    _row("dynamodbstreams", "DYNAMODB_STREAMS", None, "DynamoDBStreams_20120810."),
    _row("ecr", "ECR", target="AmazonEC2ContainerRegistry_V20150921."),
    _row("elbv2", "ELASTIC_LOAD_BALANCING_V2", "elasticloadbalancing", version="2015-12-01"),
    _row("events", "EVENTBRIDGE", target="AWSEvents."),
    _row("firehose", "FIREHOSE", target="Firehose_20150804."),
    _row("iam", "IAM", version="2010-05-08"),
    _row("iot", "IOT"),
    _row("kinesis", "KINESIS", target="Kinesis_20131202."),
    _row("kms", "KMS", target="TrentService."),
    _row("logs", "CLOUDWATCH_LOGS", target="Logs_20140328."),
    _row("resourcegroupstaggingapi", "RESOURCE_GROUPS_TAGGING_API", "tagging", "ResourceGroupsTaggingAPI_20170126."),
    _row("s3", "S3"),
    _row("s3control", "S3_CONTROL", "s3/v20180820/"),
    _row("scheduler", "SCHEDULER"),
    _row("secretsmanager", "SECRETS_MANAGER", target="secretsmanager."),
    _row("ses", "SES", version="2010-12-01"),
    _row("sesv2", "SESV2", "ses/v2/email/"),
    _row("sns", "SNS", version="2010-03-31", actions=(b"ConfirmSubscription", b"Unsubscribe")),
    _row("sqs", "SQS", target="AmazonSQS.", version="2012-11-05"),
    _row("ssm", "SSM", target="AmazonSSM."),
    _row("stepfunctions", "SFN", "states", "AWSStepFunctions."),
    _row("sts", "STS", version="2011-06-15", actions=(b"AssumeRoleWith",)),
    _row("xray", "XRAY"),
)
KNOWN = {row.name: row for row in _ROWS}


def known(name: str) -> Known:
    """That of a service which the table has not is guessed: it is signed for by its name."""
    return KNOWN.get(name) or _row(name, name.upper().replace("-", "_"))


def misnamed(name: str) -> str | None:
    """The service that others than boto3 and the AWS CLI call so, `eventbridge` and `sfn` for instance."""
    id = name.upper().replace("-", "_")
    return None if name in KNOWN else next((row.name for row in KNOWN.values() if row.id == id), None)


def named(request: Request) -> Known | None:
    """The one that a request which was not sent to a host or a path of its own is for."""
    target = request.head.first.get(b"x-amz-target", b"")
    credential = signed_with(request)
    for row in KNOWN.values():
        by_target = any(target.startswith(begin) for begin in row.claims.targets)
        if by_target or (credential is not None and credential.service in row.claims.signed_for):
            return row
    form = request.query + b"&" + (request.body if request.path == b"/" else b"")
    by_form = next((row for row in KNOWN.values() if _is_form_of(row.claims, form)), None)
    return by_form or next((row for row in KNOWN.values() if _has_shape(row.claims, request.path)), None)


def _is_form_of(claims: ServiceClaims, form: bytes) -> bool:
    written = b"&" + form + b"&"
    return any(b"&Version=" + version + b"&" in written for version in claims.versions) or any(
        b"&Action=" + action in written for action in claims.actions
    )


def _has_shape(claims: ServiceClaims, path: bytes) -> bool:
    return any(shape.fullmatch(path) for shape in claims.shapes)


def claims_of(*names: str) -> ServiceClaims:
    """Of all these together."""
    claims = [known(name).claims for name in names]
    return ServiceClaims(
        is_host=next((one.is_host for one in claims if one.is_host), None),
        signed_for=tuple(name for one in claims for name in one.signed_for),
        targets=tuple(target for one in claims for target in one.targets),
        versions=tuple(version for one in claims for version in one.versions),
        actions=tuple(action for one in claims for action in one.actions),
        shapes=tuple(shape for one in claims for shape in one.shapes),
    )
