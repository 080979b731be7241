"""The resources of Terraform's AWS provider, as the calls it makes for each: see `internal/service/lambda` there."""

from __future__ import annotations

import json
from typing import Any

from api_rig import ACCOUNT, ARN, REGION, ROLE, shown, zipped
from terraform_rig import Members, Resource

NAMED = {"FunctionName": "f"}
LIVE = {"FunctionName": "f", "Qualifier": "live"}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
QUEUE, OTHER_QUEUE = (f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}" for name in ("queue", "other"))
LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:"
FILES = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/fsap-0123456789abcdef0"
NETWORK = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"], "Ipv6AllowedForDualStack": False}
PROFILES = [f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/{name}/0123456789" for name in "ab"]


def _function(client: Any, key: Members) -> Members:
    """Its version is the last that is listed."""
    answer = client.get_function(**key)
    versions = client.list_versions_by_function(**key, MaxItems=10_000)["Versions"]
    signing = shown(client.get_function_code_signing_config(**key))
    configuration = answer["Configuration"]
    layers = [layer["Arn"] for layer in configuration.get("Layers", [])]
    rest = {"Layers": layers, "Tags": answer.get("Tags", {}), "Versions": versions}
    return {**configuration, **answer.get("Concurrency", {}), **signing, **rest}


def _settled(function: Members) -> bool:
    return (function["State"], function.get("LastUpdateStatus")) == ("Active", "Successful")


def _permission(client: Any, key: Members) -> Members:
    """Its statement in the policy; arguments are looked for in the conditions."""
    statement = json.loads(client.get_policy(**key)["Policy"])["Statement"][0]
    conditions = statement["Condition"]
    return {
        "StatementId": statement["Sid"],
        "Action": statement["Action"],
        "Principal": statement["Principal"]["Service"],
        "SourceAccount": conditions["StringEquals"]["AWS:SourceAccount"],
        "SourceArn": conditions["ArnLike"]["AWS:SourceArn"],
        "Qualifier": statement["Resource"].rpartition(":")[2],
    }


def _layer_version(client: Any, key: Members) -> Members:
    """But not where its code lies: that is signed anew each time."""
    found = shown(client.get_layer_version(**key))
    return {**found, "Content": {"CodeSha256": found["Content"]["CodeSha256"]}}


def _layer_permission(client: Any, key: Members) -> Members:
    statement = json.loads(client.get_layer_version_policy(**key)["Policy"])["Statement"][0]
    return {"StatementId": statement["Sid"], "Action": statement["Action"], "Principal": statement["Principal"]["AWS"]}


def _provisioned(client: Any, key: Members) -> Members:
    """What is allocated must be what was wanted."""
    found = shown(client.get_provisioned_concurrency_config(**key))
    return {**found, "ProvisionedConcurrentExecutions": found["AllocatedProvisionedConcurrentExecutions"]}


def _signing_config(client: Any, key: Members) -> Members:
    config = client.get_code_signing_config(**key)["CodeSigningConfig"]
    return {**config, **shown(client.list_tags(Resource=config["CodeSigningConfigArn"]))}


def _mapping(client: Any, key: Members) -> Members:
    """A function that is named by its name is the one in the ARN."""
    found = shown(client.get_event_source_mapping(**key))
    tags = shown(client.list_tags(Resource=found["EventSourceMappingArn"]))
    return {**found, **tags, "FunctionName": found["FunctionArn"], "Enabled": found["State"] == "Enabled"}


RESOURCES = {
    "aws_lambda_function": Resource(
        key=NAMED,
        create=[
            (
                "create_function",
                {
                    "Code": {"ZipFile": zipped({"app.py": "old"})},
                    "Runtime": "python3.12",
                    "Handler": "app.handler",
                    "Role": ROLE,
                    "Description": "",
                    "MemorySize": 128,
                    "Timeout": 3,
                    "PackageType": "Zip",
                    "Publish": True,
                    "Architectures": ["arm64"],
                    "DeadLetterConfig": {"TargetArn": QUEUE},
                    "Environment": {"Variables": {"STAGE": "test", "EMPTY": ""}},
                    "EphemeralStorage": {"Size": 1024},
                    "FileSystemConfigs": [{"Arn": FILES, "LocalMountPath": "/mnt/files"}],
                    "KMSKeyArn": KEY,
                    "Layers": [f"{LAYER}l:1", f"{LAYER}m:1"],
                    "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "DEBUG"},
                    "SnapStart": {"ApplyOn": "None"},
                    "Tags": {"team": "blue"},
                    "TracingConfig": {"Mode": "Active"},
                    "VpcConfig": NETWORK,
                },
            ),
            ("put_function_concurrency", {"ReservedConcurrentExecutions": 5}),
        ],
        update=[
            (
                "update_function_configuration",
                {
                    "Runtime": "python3.13",
                    "Description": "changed",
                    "MemorySize": 256,
                    "Timeout": 30,
                    "DeadLetterConfig": {"TargetArn": OTHER_QUEUE},
                    "Environment": {"Variables": {"STAGE": "live"}},
                    "EphemeralStorage": {"Size": 2048},
                    "Layers": [f"{LAYER}m:1"],
                    "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/own/group"},
                    "TracingConfig": {"Mode": "PassThrough"},
                },
            ),
            ("update_function_code", {"ZipFile": zipped({"app.py": "new"}), "Architectures": ["x86_64"]}),
            ("put_function_concurrency", {"ReservedConcurrentExecutions": 0}),
            ("publish_version", {}),
        ],
        read=_function,
        settled=_settled,
        delete=("delete_function", {}),
    ),
    "aws_lambda_alias": Resource(
        key=NAMED | {"Name": "new"},
        create=[("create_alias", {"Description": "", "FunctionVersion": "1", "RoutingConfig": {}})],
        update=[
            (
                "update_alias",
                {
                    "Description": "shifting",
                    "FunctionVersion": "1",
                    "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}},
                },
            )
        ],
        read=lambda client, key: shown(client.get_alias(**key)),
        delete=("delete_alias", {}),
    ),
    "aws_lambda_permission": Resource(
        key=LIVE,
        create=[
            (
                "add_permission",
                {
                    "StatementId": "from-bucket",
                    "Action": "lambda:InvokeFunction",
                    "Principal": "s3.amazonaws.com",
                    "SourceAccount": ACCOUNT,
                    "SourceArn": "arn:aws:s3:::bucket",
                },
            )
        ],
        update=[],
        read=_permission,
        delete=("remove_permission", {"StatementId": "from-bucket"}),
    ),
    "aws_lambda_function_event_invoke_config": Resource(
        key=LIVE,
        create=[
            (
                "put_function_event_invoke_config",
                {
                    "MaximumRetryAttempts": 2,
                    "MaximumEventAgeInSeconds": 60,
                    "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
                },
            )
        ],
        update=[
            (
                "put_function_event_invoke_config",
                {"MaximumRetryAttempts": 0, "DestinationConfig": {"OnSuccess": {"Destination": OTHER_QUEUE}}},
            )
        ],
        read=lambda client, key: shown(client.get_function_event_invoke_config(**key)),
        delete=("delete_function_event_invoke_config", {}),
    ),
    "aws_lambda_function_url": Resource(
        key=LIVE,
        create=[
            (
                "create_function_url_config",
                {
                    "AuthType": "AWS_IAM",
                    "InvokeMode": "BUFFERED",
                    "Cors": {"AllowCredentials": True, "AllowOrigins": ["https://a.example"], "MaxAge": 86400},
                },
            )
        ],
        update=[
            (
                "update_function_url_config",
                {
                    "AuthType": "NONE",
                    "InvokeMode": "RESPONSE_STREAM",
                    "Cors": {"AllowCredentials": False, "AllowMethods": ["GET", "PUT"], "ExposeHeaders": ["date"]},
                },
            )
        ],
        read=lambda client, key: shown(client.get_function_url_config(**key)),
        delete=("delete_function_url_config", {}),
    ),
    "aws_lambda_layer_version": Resource(
        key={"LayerName": "new"},
        create=[
            (
                "publish_layer_version",
                {
                    "Content": {"ZipFile": zipped({"python/mine.py": ""})},
                    "Description": "ours",
                    "LicenseInfo": "MIT",
                    "CompatibleRuntimes": ["python3.12", "python3.13"],
                    "CompatibleArchitectures": ["arm64"],
                },
            )
        ],
        update=[],
        read=_layer_version,
        delete=("delete_layer_version", {}),
        named=lambda answer: {"LayerName": "new", "VersionNumber": answer["Version"]},
    ),
    "aws_lambda_layer_version_permission": Resource(
        key={"LayerName": "l", "VersionNumber": 1},
        create=[
            (
                "add_layer_version_permission",
                {
                    "StatementId": "partner",
                    "Action": "lambda:GetLayerVersion",
                    "Principal": "arn:aws:iam::999999999999:root",
                },
            )
        ],
        update=[],
        read=_layer_permission,
        delete=("remove_layer_version_permission", {"StatementId": "partner"}),
    ),
    "aws_lambda_provisioned_concurrency_config": Resource(
        key=LIVE,
        create=[("put_provisioned_concurrency_config", {"ProvisionedConcurrentExecutions": 2})],
        update=[("put_provisioned_concurrency_config", {"ProvisionedConcurrentExecutions": 3})],
        read=_provisioned,
        settled=lambda found: found["Status"] == "READY",
        delete=("delete_provisioned_concurrency_config", {}),
        missing="ProvisionedConcurrencyConfigNotFoundException",
    ),
    "aws_lambda_code_signing_config": Resource(
        key={},
        create=[
            (
                "create_code_signing_config",
                {
                    "AllowedPublishers": {"SigningProfileVersionArns": PROFILES[:1]},
                    "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Enforce"},
                    "Description": "ours",
                    "Tags": {"team": "blue"},
                },
            )
        ],
        update=[
            (
                "update_code_signing_config",
                {
                    "AllowedPublishers": {"SigningProfileVersionArns": PROFILES},
                    "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"},
                    "Description": "",
                },
            )
        ],
        read=_signing_config,
        delete=("delete_code_signing_config", {}),
        named=lambda answer: {"CodeSigningConfigArn": answer["CodeSigningConfig"]["CodeSigningConfigArn"]},
    ),
    "aws_lambda_event_source_mapping": Resource(
        key={},
        create=[
            (
                "create_event_source_mapping",
                {
                    "FunctionName": f"{ARN}f",
                    "EventSourceArn": QUEUE,
                    "Enabled": True,
                    "BatchSize": 10,
                    "FilterCriteria": {"Filters": [{"Pattern": '{"body": ["a"]}'}]},
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                    "ScalingConfig": {"MaximumConcurrency": 2},
                    "Tags": {"team": "blue"},
                },
            )
        ],
        update=[
            (
                "update_event_source_mapping",
                {
                    "FunctionName": f"{ARN}f:live",
                    "Enabled": False,
                    "BatchSize": 5,
                    "MaximumBatchingWindowInSeconds": 20,
                    "FunctionResponseTypes": [],
                    "ScalingConfig": {"MaximumConcurrency": 10},
                },
            )
        ],
        read=_mapping,
        settled=lambda mapping: mapping["State"] in {"Enabled", "Disabled"},
        delete=("delete_event_source_mapping", {}),
        named=lambda answer: {"UUID": answer["UUID"]},
    ),
}
"""By the name that a Terraform file gives it. A new family adds its own."""
