"""`lambda-emu build --output`: what was built, and nothing else, where somebody wants it. docs/builds.md."""

from __future__ import annotations

from pathlib import Path

import pytest
from builds_rig import ROLE, Builds, function, offline, write_wheel

HANDLER = "def handler(event, context):\n    return event\n"
WITHIN = """
Transform: AWS::Serverless-2016-10-31
Parameters: {Python: {Type: String}, Queue: {Type: String}}
Resources:
  Greet:
    Type: AWS::Serverless::Function
    Properties: {Runtime: !Ref Python, Handler: app.handler, CodeUri: src, Role: '%s', Description: !Ref Queue}
"""


@pytest.fixture
def project(tmp_path: Path) -> Builds:
    """A function that is whole as it lies."""
    made = Builds(tmp_path / "project")
    made.write("src/app.py", HANDLER)
    made.declare(Greet=function("python3.11", "src"))
    return made


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_an_earlier_build_left_goes_and_so_does_what_is_no_code(project: Builds) -> None:
    project.write("src/old.py", "")
    for name in (".git/HEAD", ".aws-sam/build.toml", ".lambda-emu/data"):
        project.write(f"src/{name}", "")
    assert project.build("--output", "made").returncode == 0
    assert names(project.folder / "made/Greet") == ["app.py", "old.py"]

    (project.folder / "src/old.py").unlink()
    done = project.build("--output", "made")

    assert done.returncode == 0, done.stderr
    assert names(project.folder / "made/Greet") == ["app.py"]


def test_code_is_not_copied_into_itself(project: Builds) -> None:
    project.declare(Greet=function("python3.11", "."))
    before = names(project.folder)

    done = project.build("--output", "out")

    assert done.returncode == 2
    assert f"out is in {project.folder}, which is code: name a folder elsewhere by --output" in done.stderr
    assert names(project.folder) == before


def test_an_output_that_cannot_be_written_is_told(project: Builds) -> None:
    project.write("file", "")

    done = project.build("--output", "file/made")

    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "Not a directory" in done.stderr


def test_code_of_stacks_within_is_built_too(project: Builds) -> None:
    write_wheel(project.packages, "greeting", "WORD = 'Hello'\n")
    project.write("shop/src/app.py", HANDLER)
    project.write("shop/src/requirements.txt", offline(project.packages, "greeting==1.0"))
    project.write("shop/template.yaml", WITHIN % ROLE)
    outer = (
        "Type: AWS::CloudFormation::Stack\n"
        "Properties: {TemplateURL: shop/outer.yaml, Parameters: {Queue: !GetAtt Jobs.Arn}}\n"
    )
    inner = "{Location: template.yaml, Parameters: {Python: python3.11, Queue: !Ref Queue}}"
    project.write(
        "shop/outer.yaml",
        f"Transform: AWS::Serverless-2016-10-31\nParameters: {{Queue: {{Type: String}}}}\n"
        f"Resources: {{Inner: {{Type: AWS::Serverless::Application, Properties: {inner}}}}}\n",
    )
    project.declare(Jobs="Type: AWS::SQS::Queue", Shop=outer, Greet=function("python3.11", "src"))

    done = project.build("--output", "made")

    assert done.returncode == 0, done.stderr
    assert "Greet: pip installs requirements.txt for python3.11 on x86_64" in done.stderr + done.stdout
    made = project.folder / "made"
    assert names(made / "Greet") == ["app.py"]
    assert {"app.py", "greeting.py"} <= {*names(made / "Shop/Inner/Greet")}
    with project.served() as lam:
        assert "pip installs" not in lam.heard_before  # what was built is found
