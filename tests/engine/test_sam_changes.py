"""What a second start makes of a template that changed, or that cannot be made. docs/sam.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from boto_rig import client_at
from lam import ROLE
from own import own_emulator

from lambda_emu.project import ProjectError

TEMPLATE = """
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs, VisibilityTimeout: 10}}
  Items:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      TableName: items
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  News: {Type: AWS::SNS::Topic, Properties: {TopicName: news}}
  Told: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref News, Protocol: sqs, Endpoint: !GetAtt Jobs.Arn}}
"""


def start(folder: Path, template: str, **settings: Any) -> Any:
    (folder / "template.yaml").write_text(template)
    return own_emulator(folder, "process", stems=0, **settings)


def queues(url: str) -> list[str]:
    found = client_at(url, "sqs").list_queues().get("QueueUrls", [])
    return sorted(one.rpartition("/")[2] for one in found)


def test_what_changed_is_changed_what_is_gone_is_removed_and_what_is_retained_stays(tmp_path: Path) -> None:
    with start(tmp_path, TEMPLATE) as lam:
        client_at(lam.url, "sqs").send_message(QueueUrl=f"{lam.url}/000000000000/jobs", MessageBody="kept")

    changed = TEMPLATE.replace("VisibilityTimeout: 10", "VisibilityTimeout: 20").replace(
        "TopicName: news", "TopicName: news2"
    )
    with start(tmp_path, changed) as lam:
        attributes = client_at(lam.url, "sqs").get_queue_attributes(
            QueueUrl=f"{lam.url}/000000000000/jobs", AttributeNames=["All"]
        )["Attributes"]
        assert (attributes["VisibilityTimeout"], attributes["ApproximateNumberOfMessages"]) == ("20", "1")
        sns = client_at(lam.url, "sns")
        assert [one["TopicArn"].rpartition(":")[2] for one in sns.list_topics()["Topics"]] == ["news2"]
        (told,) = sns.list_subscriptions()["Subscriptions"]
        assert told["TopicArn"].endswith(":news2")  # what refers to what was made anew is made anew

    with start(tmp_path, "Resources:\n  Other: {Type: AWS::SQS::Queue, Properties: {QueueName: other}}\n") as lam:
        assert queues(lam.url) == ["other"]
        assert client_at(lam.url, "dynamodb").list_tables()["TableNames"] == ["items"]

    (tmp_path / "template.yaml").unlink()
    with own_emulator(tmp_path, "process", stems=0) as lam:
        assert queues(lam.url) == []


def test_what_is_refused_is_told_with_its_line_and_the_next_start_goes_on(tmp_path: Path) -> None:
    wrong = "  Bad: {Type: AWS::SQS::Queue, Properties: {QueueName: 'no name', DelaySeconds: x}}\n"

    with (
        pytest.raises(ProjectError, match=r"template.yaml:14: Resources.Bad: ") as refused,
        start(tmp_path, TEMPLATE + wrong),
    ):
        raise AssertionError("it serves")
    assert len(refused.value.mistakes) == 1

    with start(tmp_path, TEMPLATE) as lam:
        assert queues(lam.url) == ["jobs"]


STREAMED = f"""
Resources:
  Items:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: items
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
      StreamSpecification: {{StreamViewType: KEYS_ONLY}}
  Hi:
    Type: AWS::Lambda::Function
    Properties: {{Role: '{ROLE}', Runtime: python3.11, Handler: index.h, Code: {{ZipFile: 'def h(e, c): pass'}}}}
  Reads:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{FunctionName: !Ref Hi, EventSourceArn: !GetAtt Items.StreamArn, StartingPosition: LATEST}}
"""


def test_what_refers_to_an_attribute_follows_it(tmp_path: Path) -> None:
    """A table whose stream tells something else has another stream, and keeps its name."""
    for view in ("KEYS_ONLY", "NEW_IMAGE"):
        with start(tmp_path, STREAMED.replace("KEYS_ONLY", view)) as lam:
            stream = client_at(lam.url, "dynamodb").describe_table(TableName="items")["Table"]["LatestStreamArn"]
            there = lam.client.list_event_source_mappings()["EventSourceMappings"]
            assert [one["EventSourceArn"] for one in there if one["State"] != "Deleting"] == [stream]


TAGGED = f"""
Resources:
  Jobs: {{Type: AWS::SQS::Queue, Properties: {{QueueName: jobs, Tags: [TAGS]}}}}
  News: {{Type: AWS::SNS::Topic, Properties: {{TopicName: news, Tags: [TAGS]}}}}
  Bus: {{Type: AWS::Events::EventBus, Properties: {{Name: shop, Tags: [TAGS]}}}}
  Secret: {{Type: AWS::SecretsManager::Secret, Properties: {{Name: sesame, SecretString: open, Tags: [TAGS]}}}}
  Photos: {{Type: AWS::S3::Bucket, Properties: {{BucketName: photos, Tags: [TAGS]}}}}
  Hi:
    Type: AWS::Lambda::Function
    Properties:
      Role: {ROLE}
      Runtime: python3.11
      Handler: index.h
      Code: {{ZipFile: 'def h(e, c): pass'}}
      Tags: [TAGS]
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: role
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: sts:AssumeRole}}]
      Tags: [TAGS]
  Items:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: items
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
      Tags: [TAGS]
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: machine
      RoleArn: !GetAtt Role.Arn
      Definition: {{StartAt: A, States: {{A: {{Type: Succeed}}}}}}
      Tags: [TAGS]
"""


def tags_of(lam: Any) -> list[dict[str, str]]:
    """Of each, as pairs."""
    account = "us-east-1:000000000000"

    def ask(service: str) -> Any:
        return client_at(lam.url, service)

    told = [
        ask("sqs").list_queue_tags(QueueUrl=f"{lam.url}/000000000000/jobs")["Tags"],
        ask("sns").list_tags_for_resource(ResourceArn=f"arn:aws:sns:{account}:news")["Tags"],
        ask("events").list_tags_for_resource(ResourceARN=f"arn:aws:events:{account}:event-bus/shop")["Tags"],
        ask("secretsmanager").describe_secret(SecretId="sesame")["Tags"],
        ask("s3").get_bucket_tagging(Bucket="photos")["TagSet"],
        lam.client.get_function(FunctionName="Hi")["Tags"],
        ask("iam").list_role_tags(RoleName="role")["Tags"],
        ask("dynamodb").list_tags_of_resource(ResourceArn=f"arn:aws:dynamodb:{account}:table/items")["Tags"],
        ask("stepfunctions").list_tags_for_resource(resourceArn=f"arn:aws:states:{account}:stateMachine:machine")[
            "tags"
        ],
    ]
    pairs = [one.items() if isinstance(one, dict) else [tuple(pair.values()) for pair in one] for one in told]
    return [dict(one) for one in pairs]


def test_tags_of_what_is_there_are_those_of_the_template(tmp_path: Path) -> None:
    for said, tags in (("{Key: a, Value: '1'}", {"a": "1"}), ("{Key: b, Value: '2'}", {"b": "2"})):
        with start(tmp_path, TAGGED.replace("TAGS", said)) as lam:
            assert tags_of(lam) == [tags] * 9


def test_resources_that_need_one_another_in_a_circle_are_told(tmp_path: Path) -> None:
    circle = "  A: {Type: AWS::SNS::Topic, DependsOn: B}\n  B: {Type: AWS::SNS::Topic, DependsOn: A}\n"

    with (
        pytest.raises(ProjectError, match=r"template.yaml:1[45]: Resources.[AB]: needs itself: "),
        start(tmp_path, TEMPLATE + circle),
    ):
        raise AssertionError("it serves")


def test_what_somebody_deleted_beside_the_template_is_made_again(tmp_path: Path) -> None:
    with start(tmp_path, TEMPLATE) as lam:
        client_at(lam.url, "sqs").delete_queue(QueueUrl=f"{lam.url}/000000000000/jobs")

    with start(tmp_path, TEMPLATE) as lam:
        assert queues(lam.url) == ["jobs"]


PUBLISHED = f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Hi:
    Type: AWS::Serverless::Function
    Properties: {{Runtime: python3.11, Handler: app.handler, CodeUri: src, AutoPublishAlias: live, Role: '{ROLE}'}}
"""


def test_code_that_changed_is_a_version_of_its_own_and_what_the_alias_runs(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    for number, code in enumerate(("one", "one", "two")):
        (tmp_path / "src" / "app.py").write_text(f"def handler(event, context): return '{code}'")
        with start(tmp_path, PUBLISHED) as lam:
            version = lam.client.get_alias(FunctionName="Hi", Name="live")["FunctionVersion"]
            assert version == ("1", "1", "2")[number]
            assert lam.invoke("Hi", {}, Qualifier="live").payload == code


def test_a_start_that_was_killed_before_it_remembered_a_function_is_gone_on_from(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("def handler(event, context): return 'hi'")
    with start(tmp_path, PUBLISHED) as lam:
        store, scope = lam.emulator.store, lam.emulator.scope
        (one,) = [one for one in store.stack_resources.all(scope) if one.logical_id == "Hi"]
        store.write(lambda transaction: transaction.put(store.stack_resources, scope, one.key, None))

    with start(tmp_path, PUBLISHED) as lam:
        assert lam.invoke("Hi", {}).payload == "hi"


def test_a_start_that_was_killed_before_it_remembered_a_role_is_gone_on_from(tmp_path: Path) -> None:
    who = "{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}"
    trusts = f"{{Version: '2012-10-17', Statement: [{who}]}}"
    allows = "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'sqs:*', Resource: '*'}]}"
    policy = f"{{PolicyName: own, PolicyDocument: {allows}}}"
    template = (
        "Resources:\n  Runs: {Type: AWS::IAM::Role, Properties: "
        f"{{AssumeRolePolicyDocument: {trusts}, Policies: [{policy}]}}}}\n"
    )
    with start(tmp_path, template) as lam:
        (role,) = client_at(lam.url, "iam").list_roles()["Roles"]
        store, scope = lam.emulator.store, lam.emulator.scope
        (one,) = store.stack_resources.all(scope)
        store.write(lambda transaction: transaction.put(store.stack_resources, scope, one.key, None))

    with start(tmp_path, template.replace("PolicyName: own", "PolicyName: other")) as lam:
        iam = client_at(lam.url, "iam")
        assert [one["RoleId"] for one in iam.list_roles()["Roles"]] == [role["RoleId"]]
        assert iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"] == ["other"]
