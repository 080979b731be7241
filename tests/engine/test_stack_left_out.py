"""What a template said and says no more is as if it had never said it: the types that test_sam_types_left_out.py and
test_stack_left_out_apis.py have not. docs/sam.md#types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from left_out_rig import Look, Row, nothing, three_looks
from stack_rig import Stacks, stacks

__all__ = ["stacks"]

ROLE = "arn:aws:iam::000000000000:role/any"
SIGNER = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/one/abcdefghij"
FUNCTION, POOL, VERSION = {"Ref": "Function"}, {"Ref": "Pool"}, {"Fn::GetAtt": ["Version", "Version"]}
BUCKET = {"BucketARN": {"Fn::GetAtt": ["Bucket", "Arn"]}, "RoleARN": ROLE}
CALLS = {
    "Type": "Lambda",
    "Parameters": [{"ParameterName": "LambdaArn", "ParameterValue": {"Fn::GetAtt": ["Function", "Arn"]}}],
}
FILTERS = {"FilterCriteria": {"Filters": [{"Pattern": '{"body": {"a": ["b"]}}'}]}}
PULLS = {"Sid": "a", "Effect": "Allow", "Principal": "*", "Action": "ecr:GetDownloadUrlForLayer"}
BASIC = {"ApiKeyAuthParameters": {"ApiKeyName": "a", "ApiKeyValue": "b"}}


def _arn(name: str) -> Any:
    return {"Fn::GetAtt": [name, "Arn"]}


def _lambda(operation: str, **members: str) -> Look:
    """members: by which physical id it is asked; "" for its own."""

    def look(sdk: Any, ids: Mapping[str, str], id: str) -> Any:
        named = {member: ids[name] if name else id for member, name in members.items()}
        return getattr(sdk("lambda"), operation)(**named)

    return look


def _mapping(sdk: Any, _: Mapping[str, str], id: str) -> Any:
    """It may be on its way to what it is to be."""
    found = sdk("lambda").get_event_source_mapping(UUID=id)
    return {**found, "State": "Disabl" in found["State"]}


def _alias(sdk: Any, ids: Mapping[str, str], _: str) -> Any:
    name = {"FunctionName": ids["Function"]}
    found = sdk("lambda").get_alias(**name, Name="live")
    provisioned = sdk("lambda").list_provisioned_concurrency_configs(**name)["ProvisionedConcurrencyConfigs"]
    return [{**found, "RevisionId": None, "AliasArn": None}, len(provisioned)]


def _url(sdk: Any, ids: Mapping[str, str], _: str) -> Any:
    return {**sdk("lambda").get_function_url_config(FunctionName=ids["Function"]), "FunctionUrl": None}


def _deliveries(sdk: Any, _: Mapping[str, str], id: str) -> Any:
    found = sdk("firehose").describe_delivery_stream(DeliveryStreamName=id)["DeliveryStreamDescription"]
    return found["Destinations"]


def _pool(sdk: Any, _: Mapping[str, str], id: str) -> Any:
    return sdk("cognito-idp").describe_user_pool(UserPoolId=id)["UserPool"]


def _parameter(sdk: Any, _: Mapping[str, str], id: str) -> Any:
    filters = [{"Key": "Name", "Values": [id]}]
    (found,) = sdk("ssm").describe_parameters(ParameterFilters=filters)["Parameters"]
    return {**found, "Version": None}


def _key(sdk: Any, _: Mapping[str, str], id: str) -> Any:
    kms = sdk("kms")
    try:
        rotated = kms.get_key_rotation_status(KeyId=id)["KeyRotationEnabled"]
    except ClientError as error:
        rotated = str(error)
    about = kms.describe_key(KeyId=id)["KeyMetadata"]
    policy = kms.get_key_policy(KeyId=id, PolicyName="default")["Policy"]
    return [about["Description"], about["KeyState"], rotated, policy]


FUNCTIONS: Mapping[str, Row] = {
    "Function": Row(
        "AWS::Lambda::Function",
        {
            "Code": {"ZipFile": "def handler(event, context): return 1"},
            **{"Role": ROLE, "Runtime": "python3.11", "Handler": "index.handler"},
        },
        {"RecursiveLoop": "Allow"},
        _lambda("get_function_recursion_config", FunctionName=""),
    ),
    "Version": Row("AWS::Lambda::Version", {"FunctionName": FUNCTION}, {}, nothing),
    "Alias": Row(
        "AWS::Lambda::Alias",
        {"FunctionName": FUNCTION, "FunctionVersion": VERSION, "Name": "live"},
        {"Description": "d", "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1}},
        _alias,
    ),
    "Url": Row(
        "AWS::Lambda::Url",
        {"TargetFunctionArn": FUNCTION, "AuthType": "NONE"},
        {"Cors": {"AllowOrigins": ["*"]}, "InvokeMode": "RESPONSE_STREAM"},
        _url,
    ),
    "Signing": Row(
        "AWS::Lambda::CodeSigningConfig",
        {"AllowedPublishers": {"SigningProfileVersionArns": [SIGNER]}},
        {"Description": "d", "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Enforce"}},
        lambda sdk, _, id: {
            **sdk("lambda").get_code_signing_config(CodeSigningConfigArn=id)["CodeSigningConfig"],
            "CodeSigningConfigId": None,
        },
    ),
    "Queue": Row("AWS::SQS::Queue", {}, {}, nothing),
    "Stream": Row(
        "AWS::Kinesis::Stream",
        {"ShardCount": 1},
        {"RetentionPeriodHours": 48},
        lambda sdk, _, id: sdk("kinesis").describe_stream_summary(StreamName=id)["StreamDescriptionSummary"][
            "RetentionPeriodHours"
        ],
    ),
    "OfQueue": Row(
        "AWS::Lambda::EventSourceMapping",
        {"FunctionName": FUNCTION, "EventSourceArn": _arn("Queue")},
        {
            **FILTERS,
            "BatchSize": 100,
            "Enabled": False,
            "MaximumBatchingWindowInSeconds": 5,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "MetricsConfig": {"Metrics": ["EventCount"]},
            "ScalingConfig": {"MaximumConcurrency": 2},
        },
        _mapping,
    ),
    "OfStream": Row(
        "AWS::Lambda::EventSourceMapping",
        {"FunctionName": FUNCTION, "EventSourceArn": _arn("Stream"), "StartingPosition": "LATEST"},
        {
            **FILTERS,
            "BatchSize": 3,
            "BisectBatchOnFunctionError": True,
            "DestinationConfig": {"OnFailure": {"Destination": _arn("Queue")}},
            "MaximumRecordAgeInSeconds": 60,
            "MaximumRetryAttempts": 2,
            "ParallelizationFactor": 2,
            "TumblingWindowInSeconds": 5,
        },
        _mapping,
    ),
    "Async": Row(
        "AWS::Lambda::EventInvokeConfig",
        {"FunctionName": FUNCTION, "Qualifier": "$LATEST", "MaximumRetryAttempts": 1},
        {
            "MaximumEventAgeInSeconds": 60,
            "DestinationConfig": {"OnFailure": {"Destination": _arn("Queue")}},
        },
        _lambda("get_function_event_invoke_config", FunctionName="Function"),
    ),
    "Bucket": Row("AWS::S3::Bucket", {}, {}, nothing),
    "ToBucket": Row(
        "AWS::KinesisFirehose::DeliveryStream",
        {"ExtendedS3DestinationConfiguration": BUCKET},
        {
            "ExtendedS3DestinationConfiguration": {
                **BUCKET,
                "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
                "CloudWatchLoggingOptions": {"Enabled": True, "LogGroupName": "a", "LogStreamName": "b"},
                "CompressionFormat": "GZIP",
                "CustomTimeZone": "Europe/Paris",
                "ErrorOutputPrefix": "errors/",
                "FileExtension": ".txt",
                "Prefix": "a/",
                "ProcessingConfiguration": {"Enabled": True, "Processors": [CALLS]},
            }
        },
        _deliveries,
    ),
    "ToEndpoint": Row(
        "AWS::KinesisFirehose::DeliveryStream",
        {
            "HttpEndpointDestinationConfiguration": {
                **{"EndpointConfiguration": {"Url": "https://example.com"}, "RoleARN": ROLE},
                "S3Configuration": BUCKET,
            }
        },
        {
            "HttpEndpointDestinationConfiguration": {
                **{"EndpointConfiguration": {"Url": "https://example.com", "Name": "n"}, "RoleARN": ROLE},
                "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
                "ProcessingConfiguration": {"Enabled": True, "Processors": [CALLS]},
                "RequestConfiguration": {"ContentEncoding": "GZIP"},
                "RetryOptions": {"DurationInSeconds": 60},
                "S3BackupMode": "AllData",
                "S3Configuration": {**BUCKET, "Prefix": "a/", "CompressionFormat": "GZIP"},
            }
        },
        _deliveries,
    ),
}
OTHERS: Mapping[str, Row] = {
    "Trigger": Row(
        "AWS::Lambda::Function",
        {
            "Code": {"ZipFile": "def handler(event, context): return event"},
            **{"Role": ROLE, "Runtime": "python3.11", "Handler": "index.handler"},
        },
        {},
        nothing,
    ),
    "Pool": Row(
        "AWS::Cognito::UserPool",
        {"UserPoolName": "pool", "UsernameAttributes": ["email"]},
        {
            "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
            "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
            "AutoVerifiedAttributes": ["email"],
            "DeletionProtection": "INACTIVE",
            "EmailVerificationMessage": "{####} it is",
            "EmailVerificationSubject": "s",
            "LambdaConfig": {"PreSignUp": _arn("Trigger")},
            "MfaConfiguration": "OPTIONAL",
            "Policies": {"PasswordPolicy": {"MinimumLength": 12, "RequireSymbols": False}},
            "UserPoolTags": {"a": "b"},
            "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
        },
        _pool,
    ),
    "Client": Row(
        "AWS::Cognito::UserPoolClient",
        {"UserPoolId": POOL, "ClientName": "app"},
        {
            "AccessTokenValidity": 1,
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthFlowsUserPoolClient": True,
            "AllowedOAuthScopes": ["openid"],
            "CallbackURLs": ["https://example.com"],
            "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            "IdTokenValidity": 1,
            "PreventUserExistenceErrors": "ENABLED",
            "ReadAttributes": ["email"],
            "RefreshTokenValidity": 1,
            "SupportedIdentityProviders": ["COGNITO"],
            "TokenValidityUnits": {"AccessToken": "hours"},
        },
        lambda sdk, ids, id: sdk("cognito-idp").describe_user_pool_client(UserPoolId=ids["Pool"], ClientId=id),
    ),
    "People": Row(
        "AWS::Cognito::UserPoolGroup",
        {"UserPoolId": POOL, "GroupName": "people"},
        {"Description": "d"},
        lambda sdk, ids, id: sdk("cognito-idp").get_group(UserPoolId=ids["Pool"], GroupName=id)["Group"],
    ),
    "Identities": Row(
        "AWS::Cognito::IdentityPool",
        {"AllowUnauthenticatedIdentities": False},
        {"DeveloperProviderName": "dev", "SupportedLoginProviders": {"accounts.google.com": "a"}},
        lambda sdk, _, id: sdk("cognito-identity").describe_identity_pool(IdentityPoolId=id),
    ),
    "Fifo": Row(
        "AWS::SQS::Queue",
        {"FifoQueue": True},
        {
            "ContentBasedDeduplication": True,
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
        },
        lambda sdk, _, id: {
            name: value
            for name, value in sdk("sqs")
            .get_queue_attributes(QueueUrl=id, AttributeNames=["All"])["Attributes"]
            .items()
            if "Timestamp" not in name
        },
    ),
    "Secret": Row(
        "AWS::SecretsManager::Secret",
        {"SecretString": "s"},
        {"Description": "d", "KmsKeyId": "alias/mine"},
        lambda sdk, _, id: {**sdk("secretsmanager").describe_secret(SecretId=id), "VersionIdsToStages": None},
    ),
    "Parameter": Row(
        "AWS::SSM::Parameter",
        {"Type": "String", "Value": "a"},
        {"AllowedPattern": "a|b", "Description": "d"},
        _parameter,
    ),
    "Key": Row(
        "AWS::KMS::Key",
        {},
        {
            "Description": "d",
            "Enabled": False,
            "KeyPolicy": {"Version": "2012-10-17", "Statement": []},
        },
        _key,
    ),
    "Rotated": Row("AWS::KMS::Key", {}, {"EnableKeyRotation": True}, _key),
    "Repository": Row(
        "AWS::ECR::Repository",
        {},
        {
            "ImageScanningConfiguration": {"ScanOnPush": True},
            "ImageTagMutability": "IMMUTABLE",
            "RepositoryPolicyText": {"Version": "2012-10-17", "Statement": [PULLS]},
        },
        lambda sdk, _, id: sdk("ecr").describe_repositories(repositoryNames=[id])["repositories"],
    ),
    "Group": Row(
        "AWS::IAM::Group", {}, {"Path": "/a/"}, lambda sdk, _, id: sdk("iam").get_group(GroupName=id)["Group"]["Path"]
    ),
    "Bus": Row(
        "AWS::Events::EventBus",
        {"Name": {"Fn::Sub": "${AWS::StackName}-bus"}},
        {"Description": "d"},
        lambda sdk, _, id: sdk("events").describe_event_bus(Name=id),
    ),
    "Connection": Row(
        "AWS::Events::Connection",
        {"AuthorizationType": "API_KEY", "AuthParameters": BASIC},
        {"Description": "d"},
        lambda sdk, _, id: sdk("events").describe_connection(Name=id),
    ),
    "Destination": Row(
        "AWS::Events::ApiDestination",
        {
            **{"ConnectionArn": _arn("Connection"), "HttpMethod": "POST"},
            "InvocationEndpoint": "https://example.com",
        },
        {"Description": "d", "InvocationRateLimitPerSecond": 3},
        lambda sdk, _, id: sdk("events").describe_api_destination(Name=id),
    ),
    "Archive": Row(
        "AWS::Events::Archive",
        {"SourceArn": {"Fn::Sub": "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"}},
        {"Description": "d", "EventPattern": {"source": ["a"]}, "RetentionDays": 3},
        lambda sdk, _, id: sdk("events").describe_archive(ArchiveName=id),
    ),
    "Schedule": Row(
        "AWS::Scheduler::Schedule",
        {
            **{"FlexibleTimeWindow": {"Mode": "OFF"}, "ScheduleExpression": "rate(1 day)"},
            "Target": {"Arn": _arn("Trigger"), "RoleArn": ROLE},
        },
        {"Description": "d", "State": "DISABLED", "ScheduleExpressionTimezone": "Europe/Paris"},
        lambda sdk, _, id: sdk("scheduler").get_schedule(Name=id),
    ),
    "Alarm": Row(
        "AWS::CloudWatch::Alarm",
        {
            **{"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 1},
            **{"MetricName": "m", "Namespace": "n", "Period": 60, "Statistic": "Sum"},
        },
        {"ActionsEnabled": False, "AlarmDescription": "d", "TreatMissingData": "breaching", "DatapointsToAlarm": 1},
        lambda sdk, _, id: {
            name: value
            for name, value in sdk("cloudwatch").describe_alarms(AlarmNames=[id])["MetricAlarms"][0].items()
            if not name.startswith("State")
        },
    ),
}
ROWS = {**FUNCTIONS, **OTHERS}


@pytest.fixture(scope="module")
def looks(stacks: Stacks) -> list[dict[str, Any]]:
    return three_looks(stacks, ROWS, "left-out")


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.more])
def test_what_is_left_out_again_is_as_if_it_had_never_been_said(looks: list[dict[str, Any]], name: str) -> None:
    little, more, again = (look[name] for look in looks)

    assert more != little
    assert again == little
