"""Drift: what there is of a stack is compared with what its template says. docs/cloudformation.md."""

from __future__ import annotations

import json
from typing import Any

from stack_rig import Stacks, stacks

__all__ = ["stacks"]

TEMPLATE = """
Parameters: {Secret: {Type: String, NoEcho: true, Default: hush}}
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 10, DelaySeconds: 5}}
  News: {Type: AWS::SNS::Topic, Properties: {DisplayName: News}}
  Word: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref Secret}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Bucket: {Type: AWS::S3::Bucket, Properties: {VersioningConfiguration: {Status: Enabled}}}
  Group: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 7}}
  Key: {Type: AWS::KMS::Key}
  Rule:
    Type: AWS::Events::Rule
    Properties: {State: ENABLED, EventPattern: {source: [of, nobody]}}
  Role:
    Type: AWS::IAM::Role
    Properties: {Description: a role, AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: []}}
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !GetAtt Role.Arn
      DefinitionString: '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
  Hello:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Environment: {Variables: {QUEUE: !Ref Jobs, KEY: !Ref Secret}}
      Code: {ZipFile: 'def handler(*_): pass'}
"""


def drifts(stacks: Stacks, name: str, **more: Any) -> dict[str, Any]:
    found = stacks.client.describe_stack_resource_drifts(StackName=name, **more)["StackResourceDrifts"]
    return {one["LogicalResourceId"]: one for one in found}


def detected(stacks: Stacks, name: str) -> tuple[str, int]:
    id = stacks.client.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    found = stacks.client.describe_stack_drift_detection_status(StackDriftDetectionId=id)
    assert found["DetectionStatus"] == "DETECTION_COMPLETE"
    return found["StackDriftStatus"], found["DriftedStackResourceCount"]


def test_what_is_changed_or_removed_beside_a_stack_is_found(stacks: Stacks) -> None:
    stacks.create("drifts", TEMPLATE, Capabilities=["CAPABILITY_IAM"])
    assert stacks.one("drifts")["DriftInformation"] == {"StackDriftStatus": "NOT_CHECKED"}
    assert detected(stacks, "drifts") == ("IN_SYNC", 0)
    statuses = {name: one["StackResourceDriftStatus"] for name, one in drifts(stacks, "drifts").items()}
    assert statuses == dict.fromkeys(stacks.resources("drifts"), "IN_SYNC") | {"Key": "NOT_CHECKED"}

    ids = {name: one["PhysicalResourceId"] for name, one in stacks.resources("drifts").items()}
    stacks.sdk("sqs").set_queue_attributes(QueueUrl=ids["Jobs"], Attributes={"VisibilityTimeout": "20"})
    stacks.sdk("sns").delete_topic(TopicArn=ids["News"])
    variables: Any = {"Variables": {"QUEUE": "other", "KEY": "other"}}
    stacks.lam.client.update_function_configuration(FunctionName=ids["Hello"], Environment=variables)
    assert detected(stacks, "drifts") == ("DRIFTED", 3)

    found = drifts(stacks, "drifts", StackResourceDriftStatusFilters=["MODIFIED", "DELETED"])
    assert {name: one["StackResourceDriftStatus"] for name, one in found.items()} == {
        "Hello": "MODIFIED",
        "Jobs": "MODIFIED",
        "News": "DELETED",
    }
    (difference,) = found["Jobs"]["PropertyDifferences"]
    assert difference == {
        "PropertyPath": "/VisibilityTimeout",
        "ExpectedValue": "10",
        "ActualValue": "20",
        "DifferenceType": "NOT_EQUAL",
    }
    assert json.loads(found["Jobs"]["ExpectedProperties"]) == {"VisibilityTimeout": 10, "DelaySeconds": 5}
    assert [one["PropertyPath"] for one in found["Hello"]["PropertyDifferences"]] == ["/Environment/Variables/QUEUE"]
    assert "hush" not in str(drifts(stacks, "drifts"))
    assert stacks.one("drifts")["DriftInformation"]["StackDriftStatus"] == "DRIFTED"
    assert stacks.resources("drifts")["News"]["DriftInformation"]["StackResourceDriftStatus"] == "DELETED"

    stacks.sdk("sqs").set_queue_attributes(QueueUrl=ids["Jobs"], Attributes={"VisibilityTimeout": "10"})
    again = stacks.client.detect_stack_resource_drift(StackName="drifts", LogicalResourceId="Jobs")
    assert again["StackResourceDrift"]["StackResourceDriftStatus"] == "IN_SYNC"
    assert sorted(drifts(stacks, "drifts", StackResourceDriftStatusFilters=["MODIFIED", "DELETED"])) == [
        "Hello",
        "News",
    ]
    stacks.delete("drifts")


SECRETS = """
Parameters:
  Secret: {Type: String, NoEcho: true, Default: hush-hush}
  Several: {Type: CommaDelimitedList, NoEcho: true, Default: 'hush-hush,other'}
Mappings: {Words: {hush-hush: {Word: chosen}}}
Resources:
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [!Ref Secret, plain], detail-type: !Ref Several, detail: {a: [!Select [0, !Ref Several]]}}
  Encoded: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Base64 {Ref: Secret}}}
  Chosen: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !FindInMap [Words, !Ref Secret, Word]}}
  Copied: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !GetAtt Encoded.Value}}
  Again: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Sub "so ${Copied.Value}"}}
  Database: {Type: AWS::RDS::DBInstance, Properties: {MasterUserPassword: !Sub "my ${Secret}", DBName: !Ref Secret}}
  Taken: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !GetAtt Database.MasterUserPassword}}
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: none}}
  Unserved: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !GetAtt Group.GroupId}}
"""


def test_nothing_is_told_of_hidden_values_whatever_a_template_makes_of_them(stacks: Stacks) -> None:
    stacks.create("secrets", SECRETS)
    assert detected(stacks, "secrets") == ("IN_SYNC", 0)
    found = drifts(stacks, "secrets")
    events = stacks.client.describe_stack_events(StackName="secrets")["StackEvents"]
    told = {one["LogicalResourceId"]: json.loads(one.get("ResourceProperties", "{}")) for one in events[::-1]}
    assert [told[name]["Value"] for name in ("Taken", "Again")] == ["my ****", "so KioqKg=="]
    found = {**found, "events": events}
    assert not [word for word in ("hush", "aHVzaC1odXNo", "chosen", "other") if word in str(found)]
    assert json.loads(found["Rule"]["ActualProperties"])["EventPattern"]["source"] == ["****", "plain"]

    parameter = stacks.resources("secrets")["Unserved"]["PhysicalResourceId"]
    stacks.sdk("ssm").put_parameter(Name=parameter, Value="another", Overwrite=True)
    assert detected(stacks, "secrets") == ("DRIFTED", 1)  # though nobody here serves what its value is taken from
    assert drifts(stacks, "secrets")["Unserved"]["PropertyDifferences"][0]["ActualValue"] == "another"


def test_each_who_asks_is_told_what_came_of_it_by_the_id_he_was_given(stacks: Stacks) -> None:
    template = "Resources: {Jobs: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 5}}}"
    stacks.create("asked", template)
    ids = [stacks.client.detect_stack_drift(StackName="asked")["StackDriftDetectionId"] for _ in range(2)]
    stacks.update("asked", template.replace("5", "6"))
    for id in ids:
        found = stacks.client.describe_stack_drift_detection_status(StackDriftDetectionId=id)
        assert (found["DetectionStatus"], found["StackDriftStatus"]) == ("DETECTION_COMPLETE", "IN_SYNC")
    status, code, said = stacks.refused("detect_stack_drift", StackName="asked", LogicalResourceIds=["Jobs", "None"])
    assert (status, code, said) == (400, "ValidationError", "Resource None does not exist for stack asked")


def test_what_cannot_be_looked_at_is_refused(stacks: Stacks) -> None:
    id = "00000000-0000-0000-0000-000000000000"
    assert stacks.refused("describe_stack_drift_detection_status", StackDriftDetectionId=id)[1] == "ValidationError"
    assert stacks.refused("detect_stack_drift", StackName="nobody")[2] == "Stack with id nobody does not exist"
