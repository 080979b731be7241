"""Types of functions and of what has them run, for test_sam_types.py."""

from __future__ import annotations

import json
from typing import Any

from types_rig import Account, Properties, Row, att, is_made, ref

from lambda_emu.model.stack_resource import StackResource as One

HANDLER = """
import os
def handler(event, context):
    words = open("/opt/words.txt").read() if os.path.exists("/opt/words.txt") else ""
    return {"statusCode": 200, "body": f"SAYS {words}"}
"""


def code(word: str) -> Properties:
    return {"ZipFile": HANDLER.replace("SAYS", word)}


def said(account: Account, name: str, **more: Any) -> str:
    answer = account.lam.client.invoke(FunctionName=name, **more)
    return str(json.loads(answer["Payload"].read())["body"]).strip()


def function(account: Account, one: One) -> Any:
    found = account.lam.client.get_function_configuration(FunctionName=one.identifier)
    assert found["FunctionArn"] == one.attributes["Arn"]
    return said(account, one.identifier), found["MemorySize"]


def durable(account: Account, one: One) -> Any:
    found = account.lam.client.get_function_configuration(FunctionName=one.identifier)
    return found["DurableConfig"]["ExecutionTimeout"]


def tenants(account: Account, one: One) -> Any:
    found = account.lam.client.get_function_configuration(FunctionName=one.identifier)
    return f"{said(account, one.identifier, TenantId='ada')} {found['TenancyConfig']['TenantIsolationMode']}"


def lasting(limit_s: Any) -> Properties:
    return {"ExecutionTimeout": limit_s, "RetentionPeriodInDays": 1}


def version(account: Account, one: One) -> Any:
    return said(account, one.identifier), one.identifier.endswith(f":{one.attributes['Version']}")


def alias(account: Account, one: One) -> Any:
    found = account.lam.client.get_alias(
        FunctionName=one.identifier.rpartition(":")[0], Name=one.identifier.rpartition(":")[2]
    )
    return found["Name"], found.get("Description"), said(account, one.identifier)


def permission(account: Account, one: One) -> Any:
    found = account.lam.client.get_policy(FunctionName="hi")
    statements = json.loads(found["Policy"])["Statement"]
    return [told["Principal"]["Service"] for told in statements if told["Sid"] == one.identifier]


def mapping(account: Account, one: One) -> Any:
    found = account.lam.client.get_event_source_mapping(UUID=one.identifier)
    return found["BatchSize"], found["EventSourceArn"].rpartition(":")[2]


def url(account: Account, one: One) -> Any:
    found = account.lam.client.get_function_url_config(FunctionName=one.identifier)
    assert found["FunctionUrl"] == one.attributes["FunctionUrl"]
    return found["AuthType"], one.identifier.rpartition(":")[2]


def events(account: Account, one: One) -> Any:
    name, _, qualifier = one.identifier.partition("|")
    found = account.lam.client.get_function_event_invoke_config(FunctionName=name, Qualifier=qualifier)
    return found["MaximumRetryAttempts"], qualifier


def layer(account: Account, one: One) -> Any:
    found = account.lam.client.get_layer_version_by_arn(Arn=one.identifier)
    return found["Description"]


def layer_permission(account: Account, _: One) -> Any:
    arn = (
        account.made()["Words"].identifier
        if "Words" in account.made()
        else "arn:aws:lambda:us-east-1:000000000000:layer:gone:1"
    )
    name, number = arn.rsplit(":", 1)
    found = account.lam.client.get_layer_version_policy(LayerName=name, VersionNumber=int(number))
    return json.loads(found["Policy"])["Statement"][0]["Principal"]["AWS"]


def signing(account: Account, one: One) -> Any:
    found = account.lam.client.get_code_signing_config(CodeSigningConfigArn=one.identifier)["CodeSigningConfig"]
    assert found["CodeSigningConfigId"] == one.attributes["CodeSigningConfigId"]
    return found["Description"]


PROFILE = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/me/0123456789"
APART = {"TenantIsolationMode": "PER_TENANT"}
FUNCTION = {"Role": att("Role"), "Runtime": "python3.11", "Handler": "index.handler"}
FUNCTIONS = [
    Row(
        "Hi",
        "AWS::Lambda::Function",
        {**FUNCTION, "FunctionName": "hi", "Code": code("hi"), "MemorySize": "128"},
        function,
        (("hi", 128), ("hello", 256)),
        {"Code": code("hello"), "MemorySize": 256},
    ),
    Row(
        "Bye",
        "AWS::Lambda::Function",
        {**FUNCTION, "FunctionName": "bye", "Code": code("bye"), "Layers": [ref("Words")]},
        function,
        (("bye old", 128), ("bye old", 128), ("bye new", 128)),
        {},
        {"FunctionName": "farewell"},
    ),
    Row(
        "Slow",
        "AWS::Lambda::Function",
        {**FUNCTION, "FunctionName": "slow", "Code": code("slow"), "DurableConfig": lasting("60")},
        durable,
        (60, 60, 90),
        {},
        {"FunctionName": "slower", "DurableConfig": lasting(90)},
    ),
    Row(
        "Tenants",
        "AWS::Lambda::Function",
        {**FUNCTION, "FunctionName": "many", "Code": code("many"), "TenancyConfig": APART},
        tenants,
        ("many PER_TENANT",),
    ),
    Row(
        "First",
        "AWS::Lambda::Version",
        {"FunctionName": ref("Hi"), "Description": "first"},
        version,
        (("hi", True), ("hi", True), ("hello", True)),
        {},
        {"Description": "second"},
        after="Hi",
    ),
    Row(
        "Live",
        "AWS::Lambda::Alias",
        {"FunctionName": ref("Hi"), "FunctionVersion": att("First", "Version"), "Name": "live"},
        alias,
        (("live", "", "hi"), ("live", "now", "hi"), ("alive", "now", "hello")),
        {"Description": "now"},
        {"Name": "alive"},
    ),
    Row(
        "May",
        "AWS::Lambda::Permission",
        {"FunctionName": ref("Hi"), "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"},
        permission,
        (["sns.amazonaws.com"], ["sns.amazonaws.com"], ["s3.amazonaws.com"]),
        {},
        {"Principal": "s3.amazonaws.com"},
    ),
    Row(
        "Pulls",
        "AWS::Lambda::EventSourceMapping",
        {"FunctionName": ref("Hi"), "EventSourceArn": att("Pulled"), "BatchSize": "1"},
        mapping,
        ((1, "pulled"), (5, "pulled"), (5, "pushed")),
        {"BatchSize": 5},
        {"EventSourceArn": att("Pushed")},
    ),
    Row("Pulled", "AWS::SQS::Queue", {"QueueName": "pulled"}, is_made, ()),
    Row("Pushed", "AWS::SQS::Queue", {"QueueName": "pushed"}, is_made, ()),
    Row(
        "Asked",
        "AWS::Lambda::Url",
        {"TargetFunctionArn": ref("Hi"), "AuthType": "AWS_IAM"},
        url,
        (("AWS_IAM", "hi"), ("NONE", "hi"), ("NONE", "alive")),
        {"AuthType": "NONE"},
        {"Qualifier": "alive"},
        after="Live",
    ),
    Row(
        "Later",
        "AWS::Lambda::EventInvokeConfig",
        {"FunctionName": ref("Hi"), "Qualifier": "$LATEST", "MaximumRetryAttempts": 1},
        events,
        ((1, "$LATEST"), (0, "$LATEST"), (0, "alive")),
        {"MaximumRetryAttempts": 0},
        {"Qualifier": "alive"},
        after="Live",
    ),
    Row(
        "Words",
        "AWS::Lambda::LayerVersion",
        {"LayerName": "words", "Content": {"S3Bucket": "code", "S3Key": "words.zip"}, "Description": "old"},
        layer,
        ("old", "old", "new"),
        {},
        {"Content": {"S3Bucket": "code", "S3Key": "words2.zip"}, "Description": "new"},
    ),
    Row(
        "Shared",
        "AWS::Lambda::LayerVersionPermission",
        {"LayerVersionArn": ref("Words"), "Action": "lambda:GetLayerVersion", "Principal": "111111111111"},
        layer_permission,
        ("arn:aws:iam::111111111111:root",) * 2 + ("arn:aws:iam::222222222222:root",),
        {},
        {"Principal": "222222222222"},
    ),
    Row(
        "Signed",
        "AWS::Lambda::CodeSigningConfig",
        {"AllowedPublishers": {"SigningProfileVersionArns": [PROFILE]}, "Description": "old"},
        signing,
        ("old", "new"),
        {"Description": "new"},
    ),
]
