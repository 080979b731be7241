"""A project of Terraform as the calls and waiters of its AWS provider, replayed by boto3: no Terraform is run.

Read in `internal/service/{iam,lambda,s3,sqs}` of hashicorp/terraform-provider-aws. Each resource has what `apply`
creates, what a plan reads, and what `destroy` deletes; what was sent has to be read again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from api_rig import zipped
from botocore.exceptions import ClientError

Ask = Callable[[str], Any]
"""The client of a service."""
Members = Mapping[str, Any]
ACCOUNT, REGION = "000000000000", "us-east-1"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:thumbs"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/thumbs"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
MAY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "sqs:*"], "Resource": "*"}]}
HANDLER = """
def handler(event, context):
    records = event.get("Records") or [{}]
    print("HEARD", records[0].get("eventSource", "url"), flush=True)
    return {"statusCode": 200, "body": "thumbs"}
"""
NAMED = {"FunctionName": "thumbs"}
SETTINGS = {"Description": "", "MemorySize": 128, "Timeout": 10, "Role": ROLE, "Handler": "app.handler"}
TOLD = {
    "LambdaFunctionConfigurations": [
        {
            "Id": "tf-s3-lambda-1",
            "LambdaFunctionArn": FUNCTION,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}},
        }
    ]
}


class Resource(NamedTuple):
    """settled: whether the provider stops asking after `create`. gone: the code that says that it is not there."""

    create: Callable[[Ask], Any]
    read: Callable[[Ask], Members]
    delete: Callable[[Ask], Any]
    wants: Members
    gone: str
    settled: Callable[[Members], bool] = lambda _: True


# -- aws_iam_role


def create_role(ask: Ask) -> None:
    said = {"RoleName": "thumbs", "Path": "/", "MaxSessionDuration": 3600, "Tags": [{"Key": "team", "Value": "blue"}]}
    ask("iam").create_role(**said, AssumeRolePolicyDocument=json.dumps(TRUST))
    ask("iam").put_role_policy(RoleName="thumbs", PolicyName="may", PolicyDocument=json.dumps(MAY))


def read_role(ask: Ask) -> Members:
    """boto3 has read the documents already, which go out quoted as in a URL."""
    found = ask("iam").get_role(RoleName="thumbs")["Role"]
    names = ask("iam").list_role_policies(RoleName="thumbs")["PolicyNames"]
    inline = {name: ask("iam").get_role_policy(RoleName="thumbs", PolicyName=name)["PolicyDocument"] for name in names}
    attached = ask("iam").list_attached_role_policies(RoleName="thumbs")["AttachedPolicies"]
    return {**found, "Inline": inline, "Attached": attached}


def delete_role(ask: Ask) -> None:
    iam = ask("iam")
    assert iam.list_instance_profiles_for_role(RoleName="thumbs")["InstanceProfiles"] == []
    for name in iam.list_role_policies(RoleName="thumbs")["PolicyNames"]:
        iam.delete_role_policy(RoleName="thumbs", PolicyName=name)
    iam.delete_role(RoleName="thumbs")


# -- aws_lambda_function and what hangs on it


def create_function(ask: Ask) -> None:
    code = {"ZipFile": zipped({"app.py": HANDLER})}
    more = {"Runtime": "python3.11", "PackageType": "Zip", "Publish": True, "Tags": {"team": "blue"}}
    ask("lambda").create_function(**NAMED, **SETTINGS, **more, Code=code)


def read_function(ask: Ask) -> Members:
    found = ask("lambda").get_function(**NAMED)
    versions = ask("lambda").list_versions_by_function(**NAMED)["Versions"]
    assert "CodeSigningConfigArn" not in ask("lambda").get_function_code_signing_config(**NAMED)
    return {**found["Configuration"], "Tags": found["Tags"], "Version": versions[-1]["Version"]}


def permission(statement: str, principal: str, source: str) -> Resource:
    def read(ask: Ask) -> Members:
        said = json.loads(ask("lambda").get_policy(**NAMED)["Policy"])["Statement"]
        found = [one for one in said if one["Sid"] == statement]
        if not found:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetPolicy")
        return {
            "Principal": found[0]["Principal"]["Service"],
            "SourceArn": found[0]["Condition"]["ArnLike"]["AWS:SourceArn"],
        }

    said = {"StatementId": statement, "Action": "lambda:InvokeFunction", "Principal": principal, "SourceArn": source}
    return Resource(
        lambda ask: ask("lambda").add_permission(**NAMED, **said),
        read,
        lambda ask: ask("lambda").remove_permission(**NAMED, StatementId=statement),
        {"Principal": principal, "SourceArn": source},
        "ResourceNotFoundException",
    )


def create_url(ask: Ask) -> None:
    """The provider lets anybody ask a URL without authorization; that they run the function a project says itself."""
    ask("lambda").create_function_url_config(**NAMED, AuthType="NONE", InvokeMode="BUFFERED")
    public = {"Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"}
    ask("lambda").add_permission(**NAMED, StatementId="FunctionURLAllowPublicAccess", **public)
    invoked = {"Action": "lambda:InvokeFunction", "Principal": "*", "InvokedViaFunctionUrl": True}
    ask("lambda").add_permission(**NAMED, StatementId="FunctionURLAllowInvokeAction", **invoked)


def mapping(ask: Ask) -> Members:
    found: list[Members] = ask("lambda").list_event_source_mappings(**NAMED, EventSourceArn=QUEUE)[
        "EventSourceMappings"
    ]
    if not found:
        raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetEventSourceMapping")
    read: Members = ask("lambda").get_event_source_mapping(UUID=found[0]["UUID"])
    return read


def create_mapping(ask: Ask) -> None:
    said = {"FunctionName": FUNCTION, "EventSourceArn": QUEUE, "Enabled": True, "BatchSize": 5}
    ask("lambda").create_event_source_mapping(**said)


# -- aws_s3_bucket: whatever a bucket may have is read, and most of it is not there

NOT_THERE = {
    "get_bucket_policy": "NoSuchBucketPolicy",
    "get_bucket_cors": "NoSuchCORSConfiguration",
    "get_bucket_website": "NoSuchWebsiteConfiguration",
    "get_bucket_lifecycle_configuration": "NoSuchLifecycleConfiguration",
    "get_bucket_replication": "ReplicationConfigurationNotFoundError",
    "get_object_lock_configuration": "ObjectLockConfigurationNotFoundError",
    "get_bucket_tagging": "NoSuchTagSet",
}
THERE = (
    *("get_bucket_acl", "get_bucket_versioning", "get_bucket_request_payment", "get_bucket_logging"),
    *("get_bucket_accelerate_configuration", "get_bucket_location"),
)


def read_bucket(ask: Ask) -> Members:
    s3 = ask("s3")
    s3.head_bucket(Bucket="pictures")
    for method in THERE:
        getattr(s3, method)(Bucket="pictures")
    return {method: code_of(lambda method=method: getattr(s3, method)(Bucket="pictures")) for method in NOT_THERE}  # type: ignore[misc]


def code_of(call: Callable[[], Any]) -> str | None:
    """Of the refusal."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def notify(told: Members) -> Callable[[Ask], Any]:
    said = {"Bucket": "pictures", "NotificationConfiguration": told}
    return lambda ask: ask("s3").put_bucket_notification_configuration(**said)


def read_notification(ask: Ask) -> Members:
    """Names of filters in small letters, as the provider reads them."""
    found = ask("s3").get_bucket_notification_configuration(Bucket="pictures")
    for one in found.get("LambdaFunctionConfigurations", ()):
        for rule in one["Filter"]["Key"]["FilterRules"]:
            rule["Name"] = rule["Name"].lower()
    return {name: found[name] for name in found if name != "ResponseMetadata"}


def read_queue(ask: Ask) -> Members:
    url = ask("sqs").get_queue_url(QueueName="jobs")["QueueUrl"]
    found: Members = ask("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return found


NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"
OF_QUEUE = {"VisibilityTimeout": "30", "DelaySeconds": "0", "MessageRetentionPeriod": "345600"}
PLAN: Mapping[str, Resource] = {
    "aws_iam_role": Resource(
        create_role,
        read_role,
        delete_role,
        {"Arn": ROLE, "AssumeRolePolicyDocument": TRUST, "Inline": {"may": MAY}, "Attached": [], "Path": "/"},
        "NoSuchEntity",
    ),
    "aws_lambda_function": Resource(
        create_function,
        read_function,
        lambda ask: ask("lambda").delete_function(**NAMED),
        {**SETTINGS, "Runtime": "python3.11", "Tags": {"team": "blue"}, "Version": "1"},
        "ResourceNotFoundException",
        lambda found: bool(found["State"] == "Active"),
    ),
    "aws_lambda_alias": Resource(
        lambda ask: ask("lambda").create_alias(**NAMED, Name="live", FunctionVersion="1", Description=""),
        lambda ask: ask("lambda").get_alias(**NAMED, Name="live"),
        lambda ask: ask("lambda").delete_alias(**NAMED, Name="live"),
        {"FunctionVersion": "1", "Description": "", "AliasArn": f"{FUNCTION}:live"},
        "ResourceNotFoundException",
    ),
    "aws_lambda_permission": permission("from-s3", "s3.amazonaws.com", "arn:aws:s3:::pictures"),
    "aws_lambda_function_url": Resource(
        create_url,
        lambda ask: ask("lambda").get_function_url_config(**NAMED),
        lambda ask: ask("lambda").delete_function_url_config(**NAMED),
        {"AuthType": "NONE", "InvokeMode": "BUFFERED", "FunctionArn": FUNCTION},
        "ResourceNotFoundException",
    ),
    "aws_sqs_queue": Resource(
        lambda ask: ask("sqs").create_queue(QueueName="jobs", Attributes=OF_QUEUE),
        read_queue,
        lambda ask: ask("sqs").delete_queue(QueueUrl=ask("sqs").get_queue_url(QueueName="jobs")["QueueUrl"]),
        {**OF_QUEUE, "QueueArn": QUEUE},
        NO_QUEUE,
    ),
    "aws_lambda_event_source_mapping": Resource(
        create_mapping,
        mapping,
        lambda ask: ask("lambda").delete_event_source_mapping(UUID=mapping(ask)["UUID"]),
        {"FunctionArn": FUNCTION, "EventSourceArn": QUEUE, "BatchSize": 5, "State": "Enabled"},
        "ResourceNotFoundException",
        lambda found: bool(found["State"] == "Enabled"),
    ),
    "aws_s3_bucket": Resource(
        lambda ask: ask("s3").create_bucket(Bucket="pictures"),
        read_bucket,
        lambda ask: ask("s3").delete_bucket(Bucket="pictures"),
        NOT_THERE,
        "404",
    ),
    "aws_s3_bucket_notification": Resource(
        notify(TOLD),
        read_notification,
        notify({}),
        TOLD,
        "",
    ),
}
"""In the order in which they are created; they go in the other one."""
__all__ = ["PLAN", "Ask", "Resource", "code_of"]
