"""What the Serverless Framework packaged is served, in the form that its version 3 writes. docs/sam.md."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from lam import zipped
from own import Served, served

HANDLER = "def handler(event, context):\n    return {'version': context.function_version, 'stage': '%s'}\n"


def package(folder: Path, stage: str) -> None:
    """As it lies there after the command: a template, and the service's zip beside it."""
    made = folder / ".serverless"
    made.mkdir(exist_ok=True)
    archive = zipped({"handler.py": HANDLER % stage})
    (made / "greeter.zip").write_bytes(archive)
    key = f"serverless/greeter/{stage}/1764287000000-2025-11-27T23:43:20.000Z/greeter.zip"
    resources: dict[str, Any] = {
        "HelloLogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": f"/aws/lambda/greeter-{stage}-hello"},
        },
        "IamRoleLambdaExecution": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": ["lambda.amazonaws.com"]},
                            "Action": ["sts:AssumeRole"],
                        }
                    ],
                },
                "RoleName": {"Fn::Join": ["-", ["greeter", stage, {"Ref": "AWS::Region"}, "lambdaRole"]]},
            },
        },
        "HelloLambdaFunction": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"S3Bucket": {"Ref": "ServerlessDeploymentBucket"}, "S3Key": key},
                "Handler": "handler.handler",
                "Runtime": "python3.12",
                "FunctionName": f"greeter-{stage}-hello",
                "MemorySize": 1024,
                "Timeout": 6,
                "Role": {"Fn::GetAtt": ["IamRoleLambdaExecution", "Arn"]},
            },
            "DependsOn": ["HelloLogGroup"],
        },
        "ServerlessDeploymentBucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "HelloLambdaVersionM3mVwVrmMLlT4YTRF3RgEb08Uu8m7OPZ2t1pn1nU": {
            "Type": "AWS::Lambda::Version",
            "DeletionPolicy": "Retain",
            "Properties": {
                "FunctionName": {"Ref": "HelloLambdaFunction"},
                "CodeSha256": base64.b64encode(hashlib.sha256(archive).digest()).decode(),
            },
        },
    }
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources, "Outputs": {}}
    (made / "cloudformation-template-update-stack.json").write_text(json.dumps(template, indent=2))


def said_by(lam: Served, name: str) -> Any:
    return json.loads(lam.client.invoke(FunctionName=name)["Payload"].read())


def test_what_serverless_package_made_is_served_with_the_code_beside_it(tmp_path: Path) -> None:
    (tmp_path / "serverless.yml").write_text("service: greeter\n")
    package(tmp_path, "dev")

    with served(tmp_path, "process") as lam:
        assert said_by(lam, "greeter-dev-hello") == {"version": "$LATEST", "stage": "dev"}
        assert said_by(lam, "greeter-dev-hello:1") == {"version": "1", "stage": "dev"}
        assert "does not read" not in lam.heard_before
