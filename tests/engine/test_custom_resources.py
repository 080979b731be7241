"""Resources of templates that a function or a topic makes, and stacks that wait for others. docs/sam.md."""

from __future__ import annotations

import json
import re
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from boto_rig import client_at
from own import QUICKER, OwnLam, own_emulator
from waiting import eventually

from lambda_emu.project import ProjectError

ROLE = """
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
"""
PYTHON = """
  Maker:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Runtime: python3.11
      Handler: index.handler
      Timeout: 30
      Code:
        ZipFile: |
          import json, cfnresponse
          def handler(event, context):
              print(json.dumps(event))
              said = event["ResourceProperties"]
              data = {"Colour": "red", "Size": said.get("Size", 0), "At.All": True}
              status = said.get("Status", "SUCCESS") if event["RequestType"] != "Delete" else "SUCCESS"
              cfnresponse.send(event, context, status, data, said.get("Id"), reason=said.get("Reason"))
"""
TOLD = r"""
  Told:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Runtime: python3.11
      Handler: index.handler
      Code: {ZipFile: nothing}
      Environment: {Variables: {TOLD: !Sub \1}}
"""
THING = """
  Thing:
    Type: Custom::Thing
    Properties: {ServiceToken: !GetAtt Maker.Arn, Id: one, Size: 3, Nested: {Is: true, All: [1, 2.5, a]}}
  Told: '${Thing} ${Thing.Colour} ${Thing.Size} ${Thing.At.All}'
"""


NODE = """
  Answering:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Runtime: nodejs20.x
      Handler: index.handler
      Timeout: 30
      Code:
        ZipFile: |
          const https = require("https"), url = require("url");
          exports.handler = async (event) => {
            const { hostname, path } = url.parse(event.ResponseURL);
            const said = { ...event, Status: "SUCCESS", PhysicalResourceId: "by-https", Data: { Engine: "v8" } };
            const body = JSON.stringify({ ...said, ResponseURL: undefined, ResourceProperties: undefined });
            const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
            return new Promise((resolve, reject) => {
              const request = https.request({ hostname, path, method: "PUT", headers }, (answer) => {
                answer.resume();
                answer.on("end", () => resolve(answer.statusCode));
              });
              request.on("error", reject);
              request.end(body);
            });
          };
  Inline:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Runtime: nodejs20.x
      Handler: index.handler
      Timeout: 30
      Code:
        ZipFile: |
          const response = require("cfn-response");
          exports.handler = (event, context) => response.send(event, context, response.SUCCESS, { Engine: "mine" });
  ByHttps:
    Type: Custom::ByHttps
    Properties: {ServiceToken: !GetAtt Answering.Arn}
  ByModule:
    Type: AWS::CloudFormation::CustomResource
    Properties: {ServiceToken: !GetAtt Inline.Arn}
  Told: '${ByHttps} ${ByHttps.Engine} ${ByModule.Engine}'
"""


def start(folder: Path, *parts: str, engine: str = "process", **settings: Any) -> Any:
    """With a resource, where one is, that says what `told` is to find."""
    template = re.sub("  Told: ('.*')", TOLD, "Resources:" + "".join(parts))
    (folder / "template.yaml").write_text(template)
    return own_emulator(folder, engine, stems=0, **settings)


def told(lam: OwnLam) -> str:
    """What a resource has of those that it refers to."""
    return str(lam.client.get_function_configuration(FunctionName="Told")["Environment"]["Variables"]["TOLD"])


def seen(lam: OwnLam, count: int, function: str = "Maker") -> list[dict[str, Any]]:
    """All requests so far, as the function printed them, once there are so many.

    Each once: an event that the end of a server cut short is delivered again.
    """
    logs, group = client_at(lam.url, "logs"), f"/aws/lambda/{function}"

    def requests() -> list[dict[str, Any]]:
        events = logs.filter_log_events(logGroupName=group, filterPattern='"ResponseURL"')["events"]
        told = (json.loads(event["message"]) for event in events)
        found = [*{one["RequestId"]: one for one in told}.values()]
        return found if len(found) >= count else []

    return eventually(requests, f"{count} requests in the log")


def test_a_function_makes_changes_and_removes_a_resource(tmp_path: Path) -> None:
    with start(tmp_path, ROLE, PYTHON, THING) as lam:
        assert told(lam) == "one red 3 true"
        (created,) = seen(lam, 1)
        stack = created["StackId"]
        assert stack.startswith("arn:aws:cloudformation:us-east-1:000000000000:stack/")
        token = "arn:aws:lambda:us-east-1:000000000000:function:Maker"
        properties = {"Id": "one", "Size": "3", "Nested": {"Is": "true", "All": ["1", "2.5", "a"]}}
        assert {name: value for name, value in created.items() if name not in ("RequestId", "ResponseURL")} == {
            "RequestType": "Create",
            "ServiceToken": token,
            "StackId": stack,
            "LogicalResourceId": "Thing",
            "ResourceType": "Custom::Thing",
            "ResourceProperties": {"ServiceToken": token, **properties},
        }

    with start(tmp_path, ROLE, PYTHON, THING) as lam:
        assert len(seen(lam, 1)) == 1  # it did not change

    with start(tmp_path, ROLE, PYTHON, THING.replace("Size: 3", "Size: 4")) as lam:
        assert told(lam) == "one red 4 true"
        _, changed = seen(lam, 2)
        assert (changed["RequestType"], changed["PhysicalResourceId"]) == ("Update", "one")
        assert (changed["ResourceProperties"]["Size"], changed["OldResourceProperties"]["Size"]) == ("4", "3")

    with start(tmp_path, ROLE, PYTHON, THING.replace("Id: one", "Id: two")) as lam:
        assert told(lam) == "two red 3 true"
        *_, changed, deleted = seen(lam, 4)
        assert (changed["RequestType"], changed["PhysicalResourceId"]) == ("Update", "one")
        assert (deleted["RequestType"], deleted["PhysicalResourceId"]) == ("Delete", "one")
        assert deleted["ResourceProperties"]["Size"] == "4"  # as it was made

    with start(tmp_path, ROLE, PYTHON) as lam:
        *_, deleted = requests = seen(lam, 5)
        assert len(requests) == 5
        assert (deleted["RequestType"], deleted["PhysicalResourceId"]) == ("Delete", "two")
        assert deleted["StackId"] == stack


def test_a_failure_is_told_with_its_reason_and_undone(tmp_path: Path) -> None:
    """What was made by then goes again, and so does what failed."""
    with start(tmp_path, ROLE, PYTHON, THING):
        pass
    failing = THING.replace("Id: one", "Id: three, Status: FAILED, Reason: no more").replace("Thing:", "Other:")

    with pytest.raises(ProjectError, match=r"template.yaml:\d+: Resources.Other: ") as refused:
        start(tmp_path, ROLE, PYTHON, THING.replace("Size: 3", "Size: 4"), failing.partition("  Told")[0]).__enter__()
    (mistake,) = refused.value.mistakes
    told_reason = "Received response status [FAILED] from custom resource. Message returned: no more (RequestId: "
    assert told_reason in mistake

    with start(tmp_path, ROLE, PYTHON, THING) as lam:
        assert told(lam) == "one red 3 true"
        asked = [(one["RequestType"], one.get("PhysicalResourceId")) for one in seen(lam, 5)]
        assert sorted(asked[1:], key=str) == sorted(
            [("Create", None), ("Delete", "three"), ("Update", "one"), ("Update", "one")], key=str
        )


SILENT = """
  Silent:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Runtime: python3.11
      Handler: index.handler
      Code: {ZipFile: 'def handler(event, context): pass'}
  Unanswered:
    Type: Custom::Unanswered
    Properties: {ServiceToken: !GetAtt Silent.Arn, ServiceTimeout: 1}
  Cut:
    Type: Custom::Unanswered
    Properties: {ServiceToken: !GetAtt Silent.Arn, ServiceTimeout: 0}
  Nobody:
    Type: Custom::Unanswered
    Properties: {ServiceToken: 'arn:aws:lambda:us-east-1:000000000000:function:nobody'}
  Strange:
    Type: Custom::Unanswered
    Properties: {ServiceToken: !Ref Silent}
  None: {Type: 'Custom::Unanswered'}
"""


def test_who_does_not_answer_is_not_waited_for_longer_than_the_template_says(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as refused:
        start(tmp_path, ROLE, SILENT).__enter__()

    *mistakes, stays = refused.value.mistakes
    assert stays.endswith("is undone, but of Unanswered")  # since nobody answers that either
    said = {mistake.split(": ")[1].removeprefix("Resources."): mistake for mistake in mistakes}
    assert "CloudFormation did not receive a response from your Custom Resource." in said["Unanswered"]
    assert "ServiceTimeout must be between 1 and 3600 seconds, and is 0" in said["Cut"]
    assert "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody" in said["Nobody"]
    assert "Silent is the ARN of no function and no topic" in said["Strange"]
    assert "Property ServiceToken cannot be empty." in said["None"]


TOPIC = """
  News: {Type: AWS::SNS::Topic, Properties: {Subscription: [{Protocol: lambda, Endpoint: !GetAtt Maker.Arn}]}}
  May:
    Type: AWS::Lambda::Permission
    Properties: {Action: lambda:InvokeFunction, FunctionName: !Ref Maker, Principal: sns.amazonaws.com}
  ByTopic:
    Type: AWS::CloudFormation::CustomResource
    DependsOn: May
    Properties: {ServiceToken: !Ref News, Id: by-topic}
  Gate: {Type: AWS::CloudFormation::WaitConditionHandle}
  Signals: {Type: Custom::Signals, Properties: {ServiceToken: !GetAtt Signaller.Arn, Handle: !Ref Gate}}
  Signaller:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Runtime: python3.11
      Handler: index.handler
      Code:
        ZipFile: |
          import json, urllib.request, cfnresponse
          def put(url, said):
              urllib.request.urlopen(urllib.request.Request(url, json.dumps(said).encode(), method="PUT")).close()
          def handler(event, context):
              if event["RequestType"] == "Create":
                  for id in ("a", "b", "a"):
                      said = {"Status": "SUCCESS", "UniqueId": id, "Data": f"of {id}", "Reason": "done"}
                      put(event["ResourceProperties"]["Handle"], said)
              cfnresponse.send(event, context, "SUCCESS", {}, "signals")
  Opened:
    Type: AWS::CloudFormation::WaitCondition
    DependsOn: Signals
    Properties: {Handle: !Ref Gate, Count: 2, Timeout: 60}
  Told: '${ByTopic} ${Opened.Data}'
Outputs: {Gate: {Value: !Ref Gate}}
"""


def test_a_topics_function_answers_and_a_stack_waits_for_signals(tmp_path: Path) -> None:
    topic = PYTHON.replace("def handler(event, context):", TAKES_OUT)
    with start(tmp_path, ROLE, topic, TOPIC) as lam:
        assert told(lam) == 'by-topic {"a": "of a", "b": "of b"}'
        gate = dict(lam.emulator.addresses)["Gate"]

        assert put(gate, "{}") == (200, "")
        assert put(gate.rpartition("-")[0] + "-0")[0] == 403
        assert put(gate, "{}", "GET")[0] == 405
        assert put(gate, "x" * 20_000) == (200, "")  # and is dropped
        assert announced(gate, 2_000_000) == (400, "EntityTooLarge")


TAKES_OUT = """def handler(event, context):
              event = json.loads(event["Records"][0]["Sns"]["Message"])"""


def put(url: str, body: str = "", method: str = "PUT") -> tuple[int, str]:
    try:
        with urlopen(Request(url, body.encode() or None, method=method), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def announced(url: str, length: int) -> tuple[int, str]:
    """What comes of a body that is only announced: the status, and S3's code."""
    to = urlsplit(url)
    with closing(HTTPConnection(to.netloc, timeout=30)) as connection:
        connection.putrequest("PUT", to.path)
        connection.putheader("Content-Length", str(length))
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode().partition("<Code>")[2].partition("</Code>")[0]


@pytest.mark.parametrize("engine", QUICKER)
def test_node_js_answers_by_https_alone_and_by_cfn_response(tmp_path: Path, engine: str) -> None:
    runtime = "nodejs24.x" if engine == "docker" else "nodejs20.x"
    with start(tmp_path, ROLE, NODE.replace("nodejs20.x", runtime), engine=engine) as lam:
        assert told(lam) == "by-https v8 mine"
