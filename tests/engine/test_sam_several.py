"""Several projects in one `serve`: what they import of one another, and what is refused. docs/sam.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from boto_rig import client_at
from own import Served, served

FUNCTION = """
Resources:
  Hello:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: arn:aws:iam::000000000000:role/r
      Environment: {Variables: {QUEUE: %s, SAYS: %s}}
      Code: {ZipFile: "import os\\ndef handler(event, context): return [os.environ['QUEUE'], os.environ['SAYS']]"}
Outputs:
  Name: {Value: !Ref Hello}
"""
OWNER = """
Parameters: {Name: {Type: String, Default: jobs}}
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Name}}
Outputs:
  Jobs: {Value: !GetAtt Jobs.QueueName, Export: {Name: !Sub '${AWS::StackName}-jobs'}}
"""
COPY = """
Resources:
  Copy: {Type: AWS::SSM::Parameter, Properties: {Name: %s, Type: String, Value: %s}}
Outputs:
  Copy: {Value: !Ref Copy, Export: {Name: %s}}
"""
QUEUE = "Resources:\n  B: {Type: AWS::SQS::Queue, Properties: {QueueName: '%s'}}\n"


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file.parent


@contextmanager
def serving(*projects: Path, more: tuple[str, ...] = ()) -> Iterator[Served]:
    first, *others = map(str, projects)
    with served(Path(first), "process", ".", *others, *more) as lam:
        yield lam


def refused(*projects: Path, more: tuple[str, ...] = ()) -> list[str]:
    """The mistakes that a start ends with, a line each."""
    line = [
        sys.executable,
        "-m",
        "lambda_emu",
        "serve",
        *map(str, projects),
        "--port",
        "0",
        "--engine",
        "process",
        *more,
    ]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    return done.stderr.partition("Error: ")[2].splitlines()


def said_by(lam: Served, name: str) -> object:
    return json.loads(lam.client.invoke(FunctionName=name)["Payload"].read())


def test_stacks_are_made_in_the_order_of_what_they_import(tmp_path: Path) -> None:
    user = write(tmp_path / "apps/user/template.yaml", FUNCTION % ("!ImportValue owner-jobs", "user"))
    owner = write(tmp_path / "apps/owner/template.yaml", OWNER)
    write(tmp_path / "apps/third/template.yaml", QUEUE % "third")
    write(owner / "samconfig.toml", '[default.deploy.parameters]\nparameter_overrides = "Name=tasks"\n')

    data = ("--data-dir", str(tmp_path / "data"))
    with serving(user, owner, more=data) as lam:
        assert said_by(lam, "Hello") == ["tasks", "user"]
        assert lam.said_more("owner.Jobs: ").split()[-1] == "tasks"
        stacks = client_at(lam.url, "cloudformation")
        assert {one["StackName"] for one in stacks.describe_stacks()["Stacks"]} == {"user", "owner"}

    with serving(
        owner, tmp_path / "apps/third", more=(*data, "--parameter", "Name=others")
    ) as lam:  # of the one that has it
        assert lam.said_more("owner.Jobs: ").split()[-1] == "others"
        stacks = client_at(lam.url, "cloudformation")
        assert {one["StackName"] for one in stacks.describe_stacks()["Stacks"]} == {"third", "owner"}
        assert lam.client.list_functions()["Functions"] == []


def test_what_others_import_goes_after_them_and_stays_while_they_do(tmp_path: Path) -> None:
    owner, user = write(tmp_path / "a-owner/template.yaml", OWNER), tmp_path / "b-user"
    write(user / "template.yaml", COPY % ("copy", "!ImportValue a-owner-jobs", "copy"))
    other = write(tmp_path / "other/template.yaml", QUEUE % "other")
    data = ("--data-dir", str(tmp_path / "data"))

    def stacks(*projects: Path) -> set[str]:
        with serving(*projects, more=data) as lam:
            found = client_at(lam.url, "cloudformation").describe_stacks()["Stacks"]
            queues = client_at(lam.url, "sqs").list_queues().get("QueueUrls", [])
            return {one["StackName"] for one in found} | {url.rpartition("/")[2] for url in queues}

    assert stacks(user, owner) == {"a-owner", "b-user", "jobs"}
    assert stacks(user, other) == {"a-owner", "b-user", "jobs", "other"}  # the export is in use
    write(user / "template.yaml", COPY % ("copy", "none", "copy"))
    assert stacks(user, other) == {"b-user", "other"}
    write(user / "template.yaml", COPY % ("copy", "!ImportValue a-owner-jobs", "copy"))
    assert stacks(user, owner) == {"a-owner", "b-user", "jobs"}
    assert stacks(other) == {"other"}


def test_a_refused_stack_leaves_alone_those_that_import_nothing_of_it(tmp_path: Path) -> None:
    owner = write(tmp_path / "owner/template.yaml", OWNER)
    user = write(tmp_path / "user/template.yaml", COPY % ("copy", "!ImportValue owner-jobs", "copy"))
    other = write(tmp_path / "other/template.yaml", QUEUE % "other")
    data = ("--data-dir", str(tmp_path / "data"))
    write(owner / "template.yaml", OWNER.replace("!Ref Name", "no queue is called so!"))

    said = refused(user, owner, other, more=data)

    assert [line.partition(": ")[0] for line in said] == ["owner/template.yaml:4", "user/template.yaml"], said
    assert said[-1] == "user/template.yaml: is left as it is, since owner is refused"
    write(owner / "template.yaml", OWNER)
    with serving(user, owner, other, more=data) as lam:
        created = client_at(lam.url, "cloudformation").describe_stacks(StackName="other")["Stacks"][0]
        assert "LastUpdatedTime" not in created
        assert client_at(lam.url, "ssm").get_parameter(Name="copy")["Parameter"]["Value"] == "jobs"


def test_functions_of_one_logical_id_and_a_project_file_are_served_together(tmp_path: Path) -> None:
    one = write(tmp_path / "one/template.yaml", FUNCTION % ("q", "one"))
    two = write(tmp_path / "two/db.yaml", FUNCTION % ("q", "two"))
    write(two / "app.yaml", FUNCTION % ("q", "three"))
    write(tmp_path / "three/app.py", "def handler(event, context):\n    return 'yaml'\n")
    write(
        tmp_path / "three/lambda-emu.yaml",
        "functions: {hi: {runtime: python3.12, handler: app.handler, code: .}}\nsettings: {account: '111111111111'}\n",
    )
    variables = tmp_path / "env.json"
    variables.write_text(json.dumps({"Parameters": {"QUEUE": "local"}}))

    with serving(
        one, two / "db.yaml", tmp_path / "three", two / "app.yaml", more=("--env-vars", str(variables))
    ) as lam:
        assert said_by(lam, "hi") == "yaml"
        assert said_by(lam, "Hello") == ["local", "one"]
        assert said_by(lam, "two-db-Hello") == ["local", "two"]
        assert said_by(lam, "two-app-Hello") == ["local", "three"]
        told = "two/db.yaml:3: Resources.Hello: is served as two-db-Hello, since one/template.yaml:3"
        assert told in lam.heard_before
        assert "lambda-emu serves hi, Hello, two-db-Hello, two-app-Hello on" in lam.heard_before
        assert lam.said_more("two-db.Name: ").split()[-1] == "two-db-Hello"
        for folder in (two, tmp_path / "three"):  # neither has the data, nor is where the server was started
            line = [sys.executable, "-m", "lambda_emu", "invoke", "two-app-Hello"]
            done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
            assert json.loads(done.stdout) == ["local", "three"], done.stderr
            assert f"Asking the server at {lam.url}" in done.stderr


@pytest.mark.parametrize(
    ("projects", "said"),
    [
        (
            {"a/app/template.yaml": QUEUE % "one", "b/app/template.yaml": QUEUE % "two"},
            "a/app/template.yaml and b/app/template.yaml both make the stack app; "
            "say another stack_name in the samconfig.toml beside one of them",
        ),
        (
            {
                "a/template.yaml": COPY % ("a", "!ImportValue y", "x"),
                "b/template.yaml": COPY % ("b", "!ImportValue x", "y"),
            },
            "a/template.yaml:3: Resources.Copy: imports y of b and b/template.yaml:3: Resources.Copy: imports x of a; "
            "stacks cannot import from one another in a circle",
        ),
        (
            {"a/template.yaml": COPY % ("a", "1", "x"), "b/template.yaml": COPY % ("b", "2", "x")},
            "b/template.yaml:5: Outputs.Copy.Export: exports x, and so does a/template.yaml:5: Outputs.Copy.Export",
        ),
        (
            {
                name: (FUNCTION % ("q", "s")).replace("Runtime", "FunctionName: hi\n      Runtime")
                for name in ("a.yaml", "b.yaml")
            },
            "b.yaml:6: Resources.Hello.Properties.FunctionName: is called hi, "
            "and so is a.yaml:6: Resources.Hello.Properties.FunctionName",
        ),
        (
            {"a/template.yaml": "Resources: {A: {Type: !Nothing x}}", "b/template.yaml": "Resources: {A: 1}"},
            "a/template.yaml:1: Resources.A.Type: !Nothing is no function of templates\n"
            "b/template.yaml:1: Resources.A: must be a mapping with Type",
        ),
        (
            {f"{name}/lambda-emu.yaml": "resources: {queues: {jobs: {}}}\n" for name in "ab"},
            "a/lambda-emu.yaml and b/lambda-emu.yaml both declare functions or resources; "
            "one lambda-emu.yaml can be served with templates",
        ),
    ],
)
def test_what_cannot_be_served_together_is_told_with_each_place(
    tmp_path: Path, projects: dict[str, str], said: str
) -> None:
    for name, text in projects.items():
        write(tmp_path / name, text)
    folders = {(tmp_path / name).parent for name in projects}
    named = sorted(folders) if len(folders) > 1 else [tmp_path / name for name in projects]

    assert "\n".join(refused(*named)) == said


def test_what_is_none_is_told(tmp_path: Path) -> None:
    app = write(tmp_path / "app/template.yaml", OWNER)
    (tmp_path / "none").mkdir()

    assert refused(app, tmp_path / "missing") == [f"{tmp_path / 'missing'} must be a folder or a file that exists"]
    assert refused(app, tmp_path / "none", app) == [
        f"{tmp_path / 'none'} has no template.yaml, and no lambda-emu.yaml that declares anything",
        "app/template.yaml is named twice",
    ]
    assert refused(app, write(tmp_path / "b/template.yaml", QUEUE % "b"), more=("--parameter", "Other=1")) == [
        "--parameter Other: no template has such a parameter; they have Name"
    ]


def test_a_folder_with_none_that_somebody_names_is_told(tmp_path: Path) -> None:
    with serving(tmp_path) as lam:
        told = f"{tmp_path} has neither a lambda-emu.yaml nor a template; `lambda-emu new` makes a project\n"
        assert told in lam.heard_before
        assert "lambda-emu serves an empty account on" in lam.heard_before


def test_code_of_several_is_built_at_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        text = (FUNCTION % ("q", name)).partition("      Code:")[0] + "      Code: src\n"
        write(tmp_path / name / "template.yaml", text.replace("Hello:", f"Hello{name}:"))
        write(tmp_path / name / "src/index.py", "")

    line = [sys.executable, "-m", "lambda_emu", "build", "a", "b", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["a/Helloa", "b/Hellob"], done.stderr


def test_the_pytest_plugin_serves_several_too(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name / "template.yaml", QUEUE % name)
    write(
        tmp_path / "pytest.ini",
        "[pytest]\nlambda_emu_project = a\nlambda_emu_engine = process\nlambda_emu_settings = also = b\n",
    )
    test = "def test_it(lambda_emu):\n    assert len(lambda_emu.client('sqs').list_queues()['QueueUrls']) == 2\n"
    write(tmp_path / "test_it.py", test)

    line = [sys.executable, "-m", "pytest", "-q", "-p", "lambda_emu.testing.plugin", "-p", "no:cacheprovider", "."]
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(line, cwd=tmp_path, env=alone, capture_output=True, text=True, timeout=120, check=False)

    assert "1 passed" in done.stdout, done.stdout
