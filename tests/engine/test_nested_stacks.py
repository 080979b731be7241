"""Stacks within stacks, by the path of their templates. docs/sam.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from boto_rig import client_at
from own import OwnLam, own_emulator

from lambda_emu.project import ProjectError

APP = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Store:
    Type: AWS::Serverless::Application
    Properties:
      Location: store/template.yaml
      Parameters: {Stage: !Ref AWS::StackName, Names: [one, two]}
  Hi:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: app.handler
      CodeUri: src
      Environment: {Variables: {QUEUE: !GetAtt Store.Outputs.Jobs, DEEP: !GetAtt Store.Outputs.Deep}}
Outputs:
  Stack: {Value: !Ref Store}
  Jobs: {Value: !GetAtt Store.Outputs.Jobs}
"""
STORE = """
Parameters:
  Stage: {Type: String, AllowedPattern: '[a-z]+'}
  Names: {Type: CommaDelimitedList}
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Sub '${Stage}-jobs', VisibilityTimeout: 10}
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: inner.yaml, Parameters: {Name: !Select [1, !Ref Names]}}
Outputs:
  Jobs: {Value: !Ref Jobs}
  Deep: {Value: !GetAtt Inner.Outputs.Function}
"""
INNER = """
Transform: AWS::Serverless-2016-10-31
Parameters: {Name: {Type: String}}
Resources:
  Hi:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: app.handler
      CodeUri: ../src
      Environment: {Variables: {NAME: !Ref Name}}
Outputs:
  Function: {Value: !Ref Hi}
"""
NOWHERE = "  More: {Type: AWS::Nothing::Here}\n"
MAYBE = "  Maybe: {Type: AWS::Nothing::Here, Condition: IsSaid}\nConditions: {IsSaid: !Equals [!Ref Name, shop]}\n"
TWICE = """Resources:
  Again:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: store/inner.yaml, Parameters: {Name: !GetAtt Own.QueueName}}
  Own: {Type: AWS::SQS::Queue, Properties: {QueueName: shop}}"""
"""One more of a template that is within another one too, with a value that is not known before."""
SETTINGS: dict[str, Any] = {}
CODE = "import os\ndef handler(event, context): return [os.environ.get(name) for name in ('NAME', 'QUEUE', 'DEEP')]\n"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was expanded once is not expanded for each test."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def project(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(SETTINGS, "cache_dir", cache)
    folder = tmp_path / "shop"
    for name in ("src", "store"):
        (folder / name).mkdir(parents=True)
    (folder / "template.yaml").write_text(APP)
    (folder / "store" / "template.yaml").write_text(STORE)
    (folder / "store" / "inner.yaml").write_text(INNER)
    (folder / "src" / "app.py").write_text(CODE)
    return folder


def start(folder: Path, **settings: Any) -> Any:
    return own_emulator(folder, "process", stems=0, **SETTINGS, **settings)


def refused(folder: Path, **settings: Any) -> list[str]:
    with pytest.raises(ProjectError) as refused, start(folder, **settings):
        raise AssertionError("it serves")
    return list(refused.value.mistakes)


def within(lam: OwnLam) -> list[str]:
    """The names of functions of stacks within stacks."""
    named = [one["FunctionName"] for one in lam.client.list_functions()["Functions"]]
    return [name for name in named if "-Hi-" in name]


def jobs(lam: OwnLam) -> Mapping[str, str]:
    """The attributes of the queue of a stack within the stack."""
    url = f"{lam.url}/000000000000/shop-jobs"
    found = client_at(lam.url, "sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    attributes: Mapping[str, str] = found["Attributes"]
    return attributes


def queues(lam: OwnLam) -> list[str]:
    found = client_at(lam.url, "sqs").list_queues().get("QueueUrls", [])
    return sorted(one.rpartition("/")[2] for one in found)


def statuses(lam: OwnLam) -> Mapping[str, str]:
    """Of stacks, nested ones by the logical ids that they have in others."""
    emulator = lam.emulator
    return {one.name.split("-")[-2]: one.status for one in emulator.store.stacks.all(emulator.scope) if one.parent}


def test_an_application_within_another_one_is_served_with_it(project: Path) -> None:
    with start(project, strict="true") as lam:
        told = dict(lam.emulator.addresses)
        assert told["Jobs"].endswith("/shop-jobs")
        (inner,) = within(lam)
        assert inner.startswith("shop-Store-")
        assert lam.invoke(inner, {}).payload == ["two", None, None]
        name, queue, deep = lam.invoke("Hi", {}).payload
        assert (name, queue.rpartition("/")[2], deep) == (None, "shop-jobs", inner)
        before = lam.client.get_function_configuration(FunctionName="Hi")["RevisionId"]

    changed = STORE.replace("VisibilityTimeout: 10", "VisibilityTimeout: 20")
    (project / "store" / "template.yaml").write_text(changed)
    with start(project) as lam:
        assert jobs(lam)["VisibilityTimeout"] == "20"
        assert statuses(lam) == {"Store": "UPDATE_COMPLETE", "Inner": "UPDATE_COMPLETE"}
        assert lam.client.get_function_configuration(FunctionName="Hi")["RevisionId"] == before

    (project / "template.yaml").write_text("Resources:\n  Own: {Type: AWS::SQS::Queue, Properties: {QueueName: own}}\n")
    with start(project) as lam:
        assert queues(lam) == ["own"]
        assert lam.client.list_functions()["Functions"] == []


def test_what_is_refused_within_undoes_the_whole(project: Path) -> None:
    bad = "  Bad: {Type: AWS::SQS::Queue, DependsOn: Hi, Properties: {QueueName: 'no name'}}\nOutputs:"
    (project / "store" / "inner.yaml").write_text(INNER.replace("Outputs:", bad))

    (mistake,) = refused(project)

    assert mistake.startswith("template.yaml:4: Resources.Store: store/template.yaml:9: Resources.Inner: ")
    assert "inner.yaml:12: Resources.Bad: CreateQueue: " in mistake
    (project / "template.yaml").write_text("Resources:\n  Own: {Type: AWS::SQS::Queue, Properties: {QueueName: own}}\n")
    with start(project) as lam:
        assert queues(lam) == ["own"]
        assert lam.client.list_functions()["Functions"] == []


def test_what_is_refused_after_a_stack_within_was_changed_changes_it_back(project: Path) -> None:
    with start(project) as lam:
        client_at(lam.url, "sqs").send_message(QueueUrl=f"{lam.url}/000000000000/shop-jobs", MessageBody="kept")

    (project / "store" / "template.yaml").write_text(STORE.replace("VisibilityTimeout: 10", "VisibilityTimeout: 20"))
    (project / "store" / "inner.yaml").write_text(INNER.replace("NAME: !Ref Name", "NAME: changed"))
    bad = "  Bad: {Type: AWS::SQS::Queue, DependsOn: Store, Properties: {QueueName: 'no name'}}\nOutputs:"
    (project / "template.yaml").write_text(APP.replace("Outputs:", bad, 1))
    assert "Resources.Bad" in refused(project)[0]

    (project / "template.yaml").write_text(APP)
    (project / "store" / "template.yaml").write_text(STORE)
    (project / "store" / "inner.yaml").write_text(INNER)
    with start(project) as lam:
        assert (jobs(lam)["VisibilityTimeout"], jobs(lam)["ApproximateNumberOfMessages"]) == ("10", "1")
        (inner,) = within(lam)
        assert lam.invoke(inner, {}).payload == ["two", None, None]


@pytest.mark.parametrize(
    ("file", "was", "then", "told"),
    [
        ("template.yaml", "store/template.yaml", "gone.yaml", "template.yaml:6: Resources.Store.Properties"),
        ("template.yaml", "store/template.yaml", "gone.yaml", "gone.yaml does not exist"),
        ("store/inner.yaml", "Resources:", "Resources: [", "Resources.Inner.Properties.TemplateURL: inner.yaml:"),
        ("store/template.yaml", "inner.yaml", "../template.yaml", "template.yaml holds template.yaml holds template"),
        ("template.yaml", "store/template.yaml", "store", "store is no file"),
        ("template.yaml", "store/template.yaml", "{ApplicationId: a, SemanticVersion: 1.0}", "name a template's path"),
        ("template.yaml", "store/template.yaml", "out.yaml", "out.yaml is a link that leads out of "),
    ],
    ids=["place", "missing", "unreadable", "circle", "folder", "repository", "link"],
)  # fmt: skip
def test_a_template_within_that_cannot_be_had_is_told_before_anything_is_made(
    project: Path, file: str, was: str, then: str, told: str
) -> None:
    (project.parent / "elsewhere.yaml").write_text(INNER)
    (project / "out.yaml").symlink_to(project.parent / "elsewhere.yaml")
    (project / file).write_text((project / file).read_text().replace(was, then))

    (mistake,) = refused(project)

    assert told in mistake


def test_what_a_stack_within_is_given_is_checked(project: Path) -> None:
    (project / "template.yaml").write_text(APP.replace("Stage: !Ref AWS::StackName", "Stage: PROD, Other: 1"))

    mistakes = refused(project)

    assert [one.partition("Parameters.")[2] for one in mistakes] == [
        "Other: the template has no such parameter; it has Stage, Names",
        "Stage: 'PROD' does not match [a-z]+",
    ]


def test_a_pattern_within_that_never_ends_stops_nothing(project: Path) -> None:
    (project / "template.yaml").write_text(APP.replace("Stage: !Ref AWS::StackName", f"Stage: {'a' * 40}1"))
    (project / "store" / "template.yaml").write_text(STORE.replace("'[a-z]+'", "'(a+)+b'"))

    (mistake,) = refused(project)

    assert mistake.endswith("Stage: AllowedPattern '(a+)+b' takes too long for its text")


def test_the_strict_report_looks_into_stacks_within_before_anything_is_made(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each with the file that says it, once, however many stacks are made of one template."""
    (project / "template.yaml").write_text(APP.replace("Resources:", TWICE, 1))
    changed = STORE.replace("VisibilityTimeout", "Nothing: 1, VisibilityTimeout")
    (project / "store" / "template.yaml").write_text(changed.replace("  Inner:", f"{NOWHERE}  Inner:"))
    (project / "store" / "inner.yaml").write_text(INNER.replace("Outputs:", f"{NOWHERE}{MAYBE}Outputs:"))
    told = [
        "store/inner.yaml:12: Resources.More: AWS::Nothing::Here is not served here",
        "store/template.yaml:8: Resources.Jobs.Properties.Nothing: has no effect here",
        "store/template.yaml:9: Resources.More: AWS::Nothing::Here is not served here",
    ]
    late = "store/inner.yaml:13: Resources.Maybe: AWS::Nothing::Here is not served here"

    assert refused(project, strict="true", ephemeral="true") == told

    with start(project) as lam:
        lam.emulator.reset()
    assert [line for line in caplog.messages if "store/" in line] == [*told, late]


def test_what_only_the_making_of_a_stack_within_shows_is_refused_then(project: Path) -> None:
    (project / "template.yaml").write_text(APP.replace("Resources:", TWICE, 1))
    (project / "store" / "inner.yaml").write_text(INNER.replace("Outputs:", f"{MAYBE}Outputs:"))

    (mistake,) = refused(project, strict="true", ephemeral="true")

    assert mistake.endswith("inner.yaml:12: Resources.Maybe: AWS::Nothing::Here is not served here")


def test_variables_of_a_function_within_are_called_by_its_full_path(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = project / "env.json"
    file.write_text(json.dumps({path: {"NAME": path} for path in ("Hi", "Store/Inner/Hi", "Store/Inner/Bye")}))

    with start(project, env_vars=file) as lam:
        (inner,) = within(lam)
        assert lam.invoke(inner, {}).payload[0] == "Store/Inner/Hi"

    told = f"{file}: %s.NAME has no effect: there is no %s that declares it"
    assert told % ("Store/Inner/Bye", "Store/Inner/Bye") in caplog.text
    assert told % ("Store/Inner/Hi", "Store/Inner/Hi") not in caplog.text


def test_a_reset_makes_them_again(project: Path) -> None:
    with start(project) as lam:
        lam.emulator.reset()
        assert queues(lam) == ["shop-jobs"]
        assert statuses(lam) == {"Store": "CREATE_COMPLETE", "Inner": "CREATE_COMPLETE"}
