"""What SAM's connectors and policy templates allow. docs/sam.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from boto_rig import client_at
from own import own_emulator

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Writes:
    Type: AWS::Serverless::Function
    Connectors:
      ToItems: {Properties: {Destination: {Id: Items}, Permissions: [Write]}}
    Properties: {Runtime: python3.11, Handler: index.handler, InlineCode: 'def handler(event, context): return 1'}
  Reads:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      InlineCode: 'def handler(event, context): return 1'
      Policies:
        - DynamoDBReadPolicy: {TableName: !Ref Items}
        - SQSSendMessagePolicy: {QueueName: !GetAtt Jobs.QueueName}
  Items: {Type: AWS::Serverless::SimpleTable}
  Jobs: {Type: AWS::SQS::Queue}
"""


def allowed(iam: Any, function: Any) -> set[str]:
    """The actions that the policies of a function's role allow."""
    role = function["Role"].rpartition("/")[2]
    documents = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    for one in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=one["PolicyArn"])["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=one["PolicyArn"], VersionId=version)
        documents.append(found["PolicyVersion"]["Document"])
    statements = [statement for document in documents for statement in document["Statement"]]
    return {action for statement in statements for action in statement["Action"]}


def test_connectors_and_policy_templates_are_policies_of_the_function_s_role(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    with own_emulator(tmp_path, "process", stems=0, ephemeral="true") as lam:
        iam = client_at(lam.url, "iam")
        writes, reads = (lam.client.get_function_configuration(FunctionName=name) for name in ("Writes", "Reads"))

        assert {"dynamodb:PutItem", "dynamodb:DeleteItem"} <= allowed(iam, writes)
        assert "dynamodb:GetItem" not in allowed(iam, writes)
        assert {"dynamodb:GetItem", "dynamodb:Query"} <= allowed(iam, reads)
        assert any(action.startswith("sqs:SendMessage") for action in allowed(iam, reads))
        assert "dynamodb:PutItem" not in allowed(iam, reads)
