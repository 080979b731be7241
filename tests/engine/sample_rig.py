"""Sample events beside those that a server sends: a function that says what it was told, and what both look like."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from own import OwnLam, own_emulator
from services_rig import ACCOUNT, sdk
from waiting import Eventually

from lambda_emu.cli import main
from lambda_emu.project import read_project

HEAR = """
import json
ALLOW = {"Version": "2012-10-17", "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}]}
def handler(event, context):
    print("HEARD", json.dumps(event))
    if "triggerSource" in event:
        answer(event["triggerSource"].partition("_")[0], event["response"])
        return event
    if event.get("type") in ("TOKEN", "REQUEST"):
        return {"principalId": "ada", "policyDocument": ALLOW}
    if "deliveryStreamArn" in event:
        return {"records": [{"recordId": one["recordId"], "result": "Ok", "data": one["data"]}
                            for one in event["records"]]}
    if event.get("fail"):
        raise ValueError("no")
    return {"statusCode": 200, "body": "heard"}
def answer(trigger, response):
    if trigger == "PreSignUp":
        response["autoConfirmUser"] = True
    if trigger == "DefineAuthChallenge":
        response["challengeName"] = "CUSTOM_CHALLENGE"
    if trigger == "CreateAuthChallenge":
        response |= {"publicChallengeParameters": {"q": "2+3"}, "privateChallengeParameters": {"answer": "5"}}
    if trigger == "VerifyAuthChallengeResponse":
        response["answerCorrect"] = False
    if trigger == "UserMigration":
        response |= {"userAttributes": {"email": "old@example.com"}, "finalUserStatus": "CONFIRMED",
                     "messageAction": "SUPPRESS"}
"""
NAME = "hear"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{NAME}"
FREE = ("headers", "multiValueHeaders", "userAttributes")
"""Members that hold what a client says, in its order."""
LIST, NUMBER = "a list", "a number"


class Hearer:
    """A server with one function, which every source has run."""

    def __init__(self, lam: OwnLam, folder: Path) -> None:
        self.lam = lam
        self.folder = folder

    def deploy(self, events: str, resources: str = "{}") -> None:
        """As flows of YAML."""
        function = "runtime: python3.11, handler: app.handler, code: src, timeout: 300"
        declared = f"functions:\n  {NAME}: {{{function}, events: {events}}}\nresources: {resources}\n"
        (self.folder / "lambda-emu.yaml").write_text(declared)
        self.lam.emulator.deploy(read_project(self.folder))

    def sdk(self, service: str) -> Any:
        return sdk(self.lam, service)

    def heard(self, eventually: Eventually, *texts: str) -> Any:
        """The first event in which all of these texts are, once there is one."""

        def look() -> list[str]:
            told = [event for event in self.lam.own_events(NAME) if event.startswith("HEARD ")]
            return [event for event in told if all(text in event for text in texts)]

        return json.loads(eventually(look, f"an event with {texts}")[0].removeprefix("HEARD "))


@contextmanager
def hearer(folder: Path) -> Iterator[Hearer]:
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(HEAR)
    with own_emulator(folder, "process", stems=0, account=ACCOUNT) as lam:
        yield Hearer(lam, folder)


def sample(source: str, type: str, /, **members: str) -> Any:
    """By the command."""
    told = [word for name, value in members.items() for word in (f"--{name.replace('_', '-')}", value)]
    said = CliRunner().invoke(main, ["event", source, type, *told], catch_exceptions=False)
    assert said.exit_code == 0, said.output
    return json.loads(said.stdout)


def shape(value: Any, name: str = "") -> Any:
    """Its members in their order, and of what kind each is."""
    if isinstance(value, dict):
        return "what the client says" if name in FREE else [(key, shape(one, key)) for key, one in value.items()]
    if isinstance(value, list):
        return [LIST, *(shape(one) for one in value[:1])]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return NUMBER
    return type(value).__name__
