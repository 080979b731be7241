import json
import sys
from pathlib import Path

import pytest

from lambda_emu.cli.folder import as_project
from lambda_emu.cli.handlers import detect
from lambda_emu.cli.options import NotDone

PYTHON = f"python3.{sys.version_info.minor}"


@pytest.mark.parametrize(
    ("file", "text", "runtime", "handler"),
    [
        ("lambda_function.py", "def lambda_handler(event, context): ...", PYTHON, "lambda_function.lambda_handler"),
        ("app.py", "async def handler(event, context): ...", PYTHON, "app.handler"),
        ("app.py", "handler = make()", PYTHON, "app.handler"),
        ("main.py", "from inside import run as handler", PYTHON, "main.handler"),
        ("handler.py", "def handler(event, context) syntax error", PYTHON, "handler.handler"),
        ("index.mjs", "export const handler = async () => 1", "nodejs24.x", "index.handler"),
        ("app.js", "exports.handler = async () => 1", "nodejs24.x", "app.handler"),
        (
            "lambda_function.rb",
            "def lambda_handler(event:, context:)\nend",
            "ruby3.3",
            "lambda_function.lambda_handler",
        ),
        ("app.rb", "require 'json'\n\ndef handler(event:, context:)\nend", "ruby3.3", "app.handler"),
        ("bootstrap", "#!/bin/sh", "provided.al2023", "bootstrap"),
    ],
)
def test_runtime_and_handler_are_found_by_name(
    tmp_path: Path, file: str, text: str, runtime: str, handler: str
) -> None:
    (tmp_path / file).write_text(text)

    assert detect(tmp_path) == (runtime, handler)


@pytest.mark.parametrize(
    ("file", "text"), [("readme.txt", ""), ("app.py", "def other(): ..."), ("app.py", "x = 1"), ("app.rb", "x")]
)
def test_a_folder_without_a_handler_says_where_one_is_looked_for(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text)

    with pytest.raises(NotDone, match=r"no handler in one of lambda_function\.py, app\.py.* needs a lambda-emu\.yaml"):
        detect(tmp_path)


def test_a_folder_of_code_becomes_a_project_for_a_while(tmp_path: Path) -> None:
    folder = tmp_path / "my function!"
    folder.mkdir()
    (folder / "app.py").write_text("def handler(event, context): ...")

    with as_project(str(folder), None) as (name, project):
        assert project is not None
        described = json.loads(Path(project).read_text())

    assert name == "my-function-"
    assert described == {"functions": {name: {"runtime": PYTHON, "handler": "app.handler", "code": str(folder)}}}
    assert not Path(project).exists()


CODE = "def handler(event, context): ..."
PROJECT = "functions: {hello: {runtime: python3.11, handler: app.handler, code: hello}}"


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """README's: a project with a function hello, its code in a folder of that name; and a folder of no function."""
    for name in ("hello", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text(CODE)
    (tmp_path / "lambda-emu.yaml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def meant(function: str, project: str | None = None) -> tuple[str, bool]:
    """The name that is invoked, and whether it is in a project made for a folder or a file."""
    with as_project(function, project) as (name, found):
        return name, found != project


@pytest.mark.parametrize(
    ("function", "name", "guessed"),
    [
        ("hello", "hello", False),
        ("hello:$LATEST", "hello:$LATEST", False),
        ("./hello", "hello", True),
        ("hello/", "hello", True),
        ("hello/app.py", "hello", True),
        ("./other", "other", True),
    ],
)
@pytest.mark.usefixtures("layout")
def test_the_project_comes_first_and_a_path_means_a_folder_or_a_file(function: str, name: str, guessed: bool) -> None:
    assert meant(function) == (name, guessed)


def test_where_no_project_is_a_folders_name_suffices(layout: Path) -> None:
    (layout / "lambda-emu.yaml").unlink()

    assert meant("hello") == ("hello", True)


def test_a_file_is_run_in_its_folder_with_the_handler_it_defines(layout: Path) -> None:
    (layout / "hello" / "task.py").write_text("def lambda_handler(event, context): ...")

    with as_project("hello/task.py", None) as (_, project):
        assert project is not None
        (described,) = json.loads(Path(project).read_text())["functions"].values()

    assert described == {"runtime": PYTHON, "handler": "task.lambda_handler", "code": str(layout / "hello")}


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("other", "declares no function 'other'; there are hello. The folder is meant by ./other."),
        ("helo", "declares no function 'helo'; did you mean 'hello'?"),
        ("./none", "none is neither a folder nor a file here."),
        ("app.py", "app.py is neither a folder nor a file here."),
        (
            "hello/notes.txt",
            "hello/notes.txt is no code that can be run; name a function of a project, or a folder of code. "
            "Code in other files or languages needs a lambda-emu.yaml that names its runtime and its handler.",
        ),
        ("hello/empty.py", "hello/empty.py defines neither lambda_handler nor handler."),
        ("arn:aws:s3:::hello", "'arn:aws:s3:::hello' is neither a function's name or ARN nor a folder here."),
    ],
)
def test_what_is_neither_says_what_there_is(layout: Path, function: str, said: str) -> None:
    for name in ("notes.txt", "empty.py"):
        (layout / "hello" / name).touch()

    with pytest.raises(NotDone) as refused:
        meant(function)

    assert str(refused.value).removeprefix(f"{layout / 'lambda-emu.yaml'} ") == said


@pytest.mark.parametrize(
    ("file", "tool", "instead"),
    [
        ("serverless.yml", "Serverless Framework", "`serverless package` makes a template of it below .serverless"),
        ("cdk.json", "AWS CDK", "`cdk deploy` with AWS_ENDPOINT_URL, or `cdklocal deploy`, deploys it to a running"),
    ],
)
def test_a_project_of_another_tool_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, tool: str, instead: str
) -> None:
    (tmp_path / file).touch()
    monkeypatch.chdir(tmp_path)

    with pytest.raises(NotDone, match=rf"has {file} \({tool}\), which lambda-emu does not read yet: {instead}"):
        meant("hello")


def test_a_template_is_to_be_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "template.yaml").touch()
    monkeypatch.chdir(tmp_path)

    with pytest.raises(
        NotDone, match=r"template.yaml is served by `lambda-emu serve`; while that runs, invoke asks it"
    ):
        meant("hello")


def test_a_project_folder_asks_for_one_of_its_functions(tmp_path: Path) -> None:
    (tmp_path / "lambda-emu.yaml").touch()

    with pytest.raises(NotDone, match="name one of its functions"), as_project(str(tmp_path), None):
        pass
