"""What templates look up: parameters of Systems Manager, dynamic references; and what they keep. docs/sam.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from boto_rig import client_at
from botocore.exceptions import WaiterError
from lam import ROLE
from own import OwnLam, own_emulator

TEMPLATE = f"""
Parameters:
  Url: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: /app/url}}
  Zones: {{Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /app/zones}}
  Stage: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: /app/stage}}
Conditions: {{IsProd: !Equals [!Ref Stage, prod]}}
Resources:
  Hi:
    Type: AWS::Lambda::Function
    Properties:
      Role: {ROLE}
      Runtime: python3.11
      Handler: index.handler
      Code: {{ZipFile: "import os\\ndef handler(event, context): return dict(os.environ)\\n"}}
      Environment:
        Variables:
          URL: !Ref Url
          ZONE: !Select [1, !Ref Zones]
          LEVEL: '{{{{resolve:ssm:/app/level}}}}'
          OLD: '{{{{resolve:ssm:/app/level:1}}}}'
          KEY: '{{{{resolve:ssm-secure:/app/key}}}}'
          USER: !Sub 'as {{{{resolve:secretsmanager:${{Secret}}:SecretString:user}}}}'
          WHOLE: '{{{{resolve:secretsmanager:other}}}}'
  Secret: {{Type: AWS::SecretsManager::Secret, Properties: {{SecretString: '{{"user": "ada", "age": 36}}'}}}}
  Only: {{Type: AWS::SQS::Queue, Condition: IsProd, Properties: {{QueueName: only}}}}
"""


def put(lam: OwnLam) -> None:
    ssm = client_at(lam.url, "ssm")
    for name, value in (("url", "https://a.example"), ("zones", "a, b"), ("stage", "prod"), ("level", "low")):
        ssm.put_parameter(Name=f"/app/{name}", Value=value, Type="StringList" if name == "zones" else "String")
    ssm.put_parameter(Name="/app/level", Value="high", Type="String", Overwrite=True)
    ssm.put_parameter(Name="/app/key", Value="sesame", Type="SecureString")
    client_at(lam.url, "secretsmanager").create_secret(Name="other", SecretString="open")


def variables(lam: OwnLam) -> dict[str, str]:
    found = lam.invoke("Hi", {}).payload
    return {name: found[name] for name in ("URL", "ZONE", "LEVEL", "OLD", "KEY", "USER", "WHOLE")}


def test_what_a_template_names_is_looked_up_when_it_is_made(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", stems=0) as lam:
        put(lam)
    (tmp_path / "template.yaml").write_text(TEMPLATE)

    with own_emulator(tmp_path, "process", stems=0) as lam:
        assert variables(lam) == {
            **{"URL": "https://a.example", "ZONE": "b", "LEVEL": "high", "OLD": "low", "KEY": "sesame"},
            **{"USER": "as ada", "WHOLE": "open"},
        }
        assert client_at(lam.url, "sqs").get_queue_url(QueueName="only")
        kept = [one for one in lam.emulator.store.stack_resources.all(lam.emulator.scope) if one.logical_id == "Hi"]
        assert "sesame" not in str(kept)  # no record holds what was secret


def test_what_is_not_there_yet_is_told_and_its_name_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A first start: what is named can be put there only once a server runs."""
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("[1, !Ref Zones]", "[0, !Ref Zones]"))

    with own_emulator(tmp_path, "process", stems=0) as lam:
        found = variables(lam)
        assert (found["URL"], found["LEVEL"]) == ("/app/url", "{{resolve:ssm:/app/level}}")
        assert "there is no parameter /app/url in Systems Manager here" in caplog.text
        assert "Parameters: [ssm:/app/level] cannot be found." in caplog.text


REFUSED = {
    "{{resolve:ssm:/none}}": "Parameters: [ssm:/none] cannot be found.",
    "{{resolve:secretsmanager:none}}": "Secrets Manager can't find the specified secret.",
    "{{resolve:secretsmanager:other:SecretString:user}}": "Could not parse SecretString JSON",
}


def test_the_api_refuses_what_is_not_there(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", stems=0) as lam:
        client_at(lam.url, "secretsmanager").create_secret(Name="other", SecretString="open")
        resources = [
            f"  R{number}: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: '{said}'}}}}\n"
            for number, said in enumerate(REFUSED)
        ]
        cloudformation = client_at(lam.url, "cloudformation")

        cloudformation.create_stack(StackName="s", TemplateBody=f"Resources:\n{''.join(resources)}")
        with pytest.raises(WaiterError):
            cloudformation.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})

        events = cloudformation.describe_stack_events(StackName="s")["StackEvents"]
        told = {one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == "CREATE_FAILED"}
        assert told >= set(REFUSED.values())


KEPT = """
Resources:
  Gone: {Type: AWS::SQS::Queue, Properties: {QueueName: gone}}
  Kept: {Type: AWS::SQS::Queue, DeletionPolicy: Retain, Properties: {QueueName: kept}}
  Old: {Type: AWS::SQS::Queue, UpdateReplacePolicy: Retain, Properties: {QueueName: old}}
  Older: {Type: AWS::SQS::Queue, Properties: {QueueName: older}}
"""


def queues(lam: OwnLam) -> list[str]:
    found: list[Any] = client_at(lam.url, "sqs").list_queues().get("QueueUrls", [])
    return sorted(one.rpartition("/")[2] for one in found)


def test_policies_say_what_stays(tmp_path: Path) -> None:
    """DeletionPolicy of what a template leaves out, UpdateReplacePolicy of what another one comes in the place of."""
    template = tmp_path / "template.yaml"
    template.write_text(KEPT)
    with own_emulator(tmp_path, "process", stems=0) as lam:
        assert queues(lam) == ["gone", "kept", "old", "older"]

    template.write_text(KEPT.replace("QueueName: old", "QueueName: new"))
    with own_emulator(tmp_path, "process", stems=0) as lam:
        assert queues(lam) == ["gone", "kept", "new", "newer", "old"]

    template.write_text("Resources: {}")
    with own_emulator(tmp_path, "process", stems=0) as lam:
        assert queues(lam) == ["kept", "old"]
