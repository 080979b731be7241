"""SIGKILL of the server while a stack is made or changed: what it has is known, and goes with it."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from own import Served, served
from stack_rig import Stacks
from waiting import eventually

ENDED = "lambda-emu ended while this stack was worked on"
ANSWERING = """
import json, time, urllib.request
def handler(event, context):
    if event["RequestType"] != "Delete":
        time.sleep(int(event["ResourceProperties"]["Sleep"]))
    said = {"Status": "SUCCESS", "PhysicalResourceId": "thing", "Reason": event["RequestType"]}
    said |= {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    print("answers", event["RequestType"])
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], json.dumps(said).encode(), method="PUT"))
"""


def make_function(lam: Served) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", ANSWERING)
    made = lam.client.create_function(
        FunctionName="answering",
        Runtime="python3.11",
        Role=lam.role,
        Timeout=60,
        Handler="index.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    return str(made["FunctionArn"])


def template(function: str, queue: str, sleep_s: int) -> str:
    """A queue, and then something that takes its time; and one that is of another type than before."""
    thing = {"ServiceToken": function, "Sleep": str(sleep_s)}
    turned = "AWS::SQS::Queue" if queue == "first" else "AWS::SNS::Topic"
    resources = {
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": queue}},
        "Turned": {"Type": turned},
        "Thing": {"Type": "Custom::Thing", "DependsOn": ["Jobs", "Turned"], "Properties": thing},
    }
    return json.dumps({"Resources": resources})


def begin(stacks: Stacks, operation: str, wanted: str) -> None:
    """Until it is at what takes its time."""
    getattr(stacks.client, operation)(StackName="killed", TemplateBody=wanted)
    status = f"{operation.partition('_')[0].upper()}_IN_PROGRESS"
    eventually(lambda: stacks.events("killed")[-1] == ("Thing", status), "something takes its time", 20)


def queues(stacks: Stacks) -> set[str]:
    return {url.rpartition("/")[2].partition("-")[0] for url in stacks.sdk("sqs").list_queues().get("QueueUrls", [])}


def told(stacks: Stacks) -> list[Any]:
    """The last of its events, and its reason."""
    events = stacks.client.describe_stack_events(StackName="killed")["StackEvents"][:2]
    return [(one["LogicalResourceId"], one["ResourceStatus"], one["ResourceStatusReason"]) for one in events]


def test_what_a_stack_has_is_known_after_a_kill_and_goes_with_it(tmp_path: Path) -> None:
    with served(tmp_path, "process") as lam:
        stacks, function = Stacks(lam), make_function(lam)
        begin(stacks, "create_stack", template(function, "first", 30))
        lam.process.kill()

    with served(tmp_path, "process") as lam:
        stacks = Stacks(lam)
        assert told(stacks) == [("killed", "CREATE_FAILED", ENDED), ("Thing", "CREATE_FAILED", ENDED)]
        stacks.delete("killed")
        assert queues(stacks) == set()
        logs = stacks.sdk("logs").filter_log_events(logGroupName="/aws/lambda/answering")["events"]
        assert any("answers Delete" in one["message"] for one in logs), "what was being made is deleted too"

        stacks.create("killed", template(function, "first", 0))
        begin(stacks, "update_stack", template(function, "second", 30))
        assert queues(stacks) == {"first", "second", "killed"}
        lam.process.kill()

    with served(tmp_path, "process") as lam:
        stacks = Stacks(lam)
        assert told(stacks) == [("killed", "UPDATE_FAILED", ENDED), ("Thing", "UPDATE_FAILED", ENDED)]
        stacks.update("killed", template(function, "second", 0), DisableRollback=True)  # as AWS asks of a failed one
        assert queues(stacks) == {"second"}, "what was replaced is gone"
        assert stacks.resources("killed")["Thing"]["ResourceStatus"] == "UPDATE_COMPLETE"
        stacks.delete("killed")
        assert queues(stacks) == set()
