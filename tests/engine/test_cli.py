"""The commands as a user runs them, each in a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from socket import gethostname

import pytest
from lam import ROLE, client, zipped
from test_cli_terminal import HOSTILE, assert_harmless, on_terminal

from lambda_emu.architectures import HOST_ARCHITECTURE
from lambda_emu.cli.checks import services
from lambda_emu.config import load_settings
from lambda_emu.sandbox.toolchain.python import OWN_PYTHON

LIMIT_S = 60
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}  # the package need not be installed
GREETER = """
def handler(event, context):
    print("greeting", event["name"])
    return {"greeting": f"Hello, {event['name']}"}
"""
FORGER = """
def handler(event, context):
    print(event)
    print("REPORT RequestId: forged")
    raise KeyError(event)
"""
PROJECT = "functions: {hello: {runtime: python3.11, handler: app.handler, code: hello}}"


@dataclass(frozen=True)
class Served:
    url: str
    process: subprocess.Popen[str]


def command(
    *arguments: str | Path, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "lambda_emu", *map(str, arguments)]
    variables = ENVIRONMENT | dict(environment or {})
    return subprocess.run(line, cwd=folder, env=variables, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=True)
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with one function, hello."""
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "app.py").write_text(GREETER)
    (tmp_path / "lambda-emu.yaml").write_text(PROJECT)
    return tmp_path


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    line = [sys.executable, "-m", "lambda_emu", "serve", "--port", "0", "--engine", "process"]
    process = subprocess.Popen(line, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.readline()
    found = re.fullmatch(r"lambda-emu serves hello on (http://\S+) \(process\)\n", said)
    assert found, said
    yield Served(found[1], process)
    process.send_signal(signal.SIGINT)
    process.wait(LIMIT_S)


def test_a_server_that_checks_signatures_is_asked_as_the_root_user(folder: Path) -> None:
    environment = ENVIRONMENT | {"LAMBDA_EMU_ROOT_SECRET": "our+secret"}
    line = [sys.executable, "-m", "lambda_emu", "serve", "--port=0", "--engine=process", "--iam=enforce"]
    with subprocess.Popen(line, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split(" ")[4]
        asked = [sys.executable, "-m", "lambda_emu", "invoke", "hello", '{"name": "Ada"}', "--endpoint-url", url]

        known, unknown = (
            subprocess.run(asked, cwd=folder, env=each, capture_output=True, text=True, timeout=LIMIT_S, check=False)
            for each in (environment, ENVIRONMENT)
        )
        server.terminate()

    assert (known.returncode, json.loads(known.stdout)) == (0, {"greeting": "Hello, Ada"}), known.stderr
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert f"{url} checks signatures" in unknown.stderr
    assert "set LAMBDA_EMU_ROOT_SECRET to what the server has" in unknown.stderr


@pytest.mark.parametrize(("secret", "told"), [({}, True), ({"LAMBDA_EMU_ROOT_SECRET": "ours"}, False)])
def test_a_secret_that_everybody_knows_is_told_where_others_can_ask(
    folder: Path, secret: dict[str, str], told: bool
) -> None:
    line = [sys.executable, "-m", "lambda_emu", "serve", "--port=0", "--engine=process", "--iam=enforce"]
    line.append("--host=0.0.0.0")
    with subprocess.Popen(line, cwd=folder, env=ENVIRONMENT | secret, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = [server.stdout.readline() for _ in range(4 if told else 2)]
        server.terminate()

    assert ("who signs as its root user has the access key test and the secret test\n" in said) is told
    known = "everybody knows the root users' secret; LAMBDA_EMU_ROOT_SECRET sets another\n"
    assert (known in said) is told
    assert "take the token" in said[-1]


def test_a_service_that_is_named_otherwise_than_by_the_cli_is_told(folder: Path) -> None:
    line = [sys.executable, "-m", "lambda_emu", "serve", "--port=0", "--engine=process", "--service=eventbridge=aws"]
    with subprocess.Popen(line, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        server.terminate()
        _, told = server.communicate(timeout=LIMIT_S)

    assert b"--service eventbridge has no effect: the name is events, as the AWS CLI has it" in told


def test_invoke_needs_no_server_and_no_project(folder: Path) -> None:
    done = command("invoke", folder / "hello", '{"name": "Ada"}', "--engine", "process", folder=folder.parent)

    assert (done.returncode, json.loads(done.stdout)) == (0, {"greeting": "Hello, Ada"}), done.stderr
    warning, *log = done.stderr.splitlines()
    assert warning.startswith("running functions as processes: CPU is not limited")
    assert [line.split(" ")[0] for line in log] == ["INIT_START", "START", "greeting", "END", "REPORT", "PRICE"]
    assert "Init Duration" in log[4]


def test_invoke_by_name_exits_with_1_when_the_function_fails(folder: Path) -> None:
    done = command("invoke", "hello", "{}", "--engine", "process", folder=folder)

    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["errorType"] == "KeyError"
    assert "Traceback" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["invoke", "nobody"], "declares no function 'nobody'; there are hello."),
        (["invoke", "hello.py"], "hello.py is neither a folder nor a file here."),
        (["invoke", "hello", "no json"], "Could not parse request body into json"),
        (["invoke", "."], "is a project; name one of its functions"),
        (["serve", "--host", "192.0.2.1"], "Cannot assign requested address"),
    ],
)
def test_what_cannot_be_done_exits_with_2_and_says_why(folder: Path, arguments: list[str], said: str) -> None:
    done = command(*arguments, "--engine", "process", folder=folder)

    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (2, "")


def test_a_mistake_in_the_project_names_file_line_and_key(folder: Path) -> None:
    (folder / "lambda-emu.yaml").write_text(PROJECT.replace("code: hello", "code: nowhere"))

    done = command("serve", folder=folder)

    assert "lambda-emu.yaml:1: functions.hello.code" in done.stderr
    assert done.returncode == 2


def test_a_server_is_asked_for_invocations_environments_and_logs(folder: Path, served: Served) -> None:
    at = ("--endpoint-url", served.url)

    invoked = command("invoke", "hello", '{"name": "Ada"}', *at, folder=folder)
    listed = command("ps", "--json", *at, folder=folder)
    logged = command("logs", "hello", *at, folder=folder)
    read = command("logs", "hello", "--data-dir", ".lambda-emu", folder=folder)

    assert json.loads(invoked.stdout) == {"greeting": "Hello, Ada"}
    assert [line.split(" ")[0] for line in invoked.stderr.splitlines()] == ["START", "greeting", "END", "REPORT"]
    environments = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [(one["state"], one["invocations"]) for one in environments if one["function"] == "hello"] == [("IDLE", 1)]
    assert "REPORT RequestId" in logged.stdout
    assert "PRICE $" in logged.stdout
    assert logged.stdout == read.stdout


def test_ps_finds_the_token_of_this_folders_server_or_an_ephemeral_one(folder: Path, served: Served) -> None:
    line = [sys.executable, "-m", "lambda_emu", "serve", "--port", "0", "--engine", "process", "--ephemeral"]
    with subprocess.Popen(line, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as ephemeral:
        assert ephemeral.stdout is not None
        url = ephemeral.stdout.readline().split()[-2]
        elsewhere = folder / "hello"

        listed = command("ps", "--endpoint-url", url, folder=elsewhere)
        refused = command("ps", "--endpoint-url", served.url, folder=elsewhere)
        named = command("ps", "--endpoint-url", served.url, "--data-dir", folder / ".lambda-emu", folder=elsewhere)
        token = {"LAMBDA_EMU_TOKEN": (folder / ".lambda-emu" / "token").read_text().strip()}
        told = command("ps", "--endpoint-url", served.url, folder=elsewhere, environment=token)
        ephemeral.terminate()

    assert "STEM" in listed.stdout, listed.stderr
    assert f"takes the token in {folder / '.lambda-emu' / 'token'}" in refused.stderr
    assert "--data-dir with its folder" in refused.stderr
    assert refused.returncode == 2
    assert "STEM" in named.stdout, named.stderr
    assert "STEM" in told.stdout, told.stderr


def test_what_a_function_prints_and_returns_is_not_obeyed_by_a_terminal(folder: Path) -> None:
    (folder / "hello" / "app.py").write_text(FORGER)

    said = on_terminal("invoke", "hello", json.dumps(HOSTILE), "--engine", "process", folder=folder)

    assert_harmless(said)
    lines = said.splitlines()
    assert any(line.startswith("| REPORT RequestId: forged") for line in lines)
    assert len([line for line in lines if line.startswith("REPORT RequestId: ")]) == 1
    assert any(re.match(r"\|\s+File ", line) for line in lines)


def test_commands_find_the_server_of_their_folder_whatever_its_port(folder: Path, served: Served) -> None:
    invoked = command("invoke", "hello", '{"name": "Ada"}', folder=folder)
    listed = command("ps", "--json", folder=folder)
    logged = command("logs", "hello", folder=folder)
    unknown = command("logs", "helo", folder=folder)
    missing = command("invoke", "helo", folder=folder)

    assert json.loads(invoked.stdout) == {"greeting": "Hello, Ada"}, invoked.stderr
    assert invoked.stderr.splitlines()[0] == f"Asking the server at {served.url}"
    environments = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [one["invocations"] for one in environments if one["function"] == "hello"] == [1]
    assert "greeting Ada" in logged.stdout
    assert "no log of 'helo', and no such function is known; did you mean 'hello'?" in unknown.stderr
    assert "function:helo; did you mean 'hello'?" in missing.stderr.replace(":$LATEST", "")
    assert (unknown.returncode, missing.returncode) == (2, 2)


@pytest.mark.parametrize(
    "elsewhere",
    [
        ["hello", "--account", "111111111111"],
        ["hello", "--region", "eu-west-1"],
        ["arn:aws:lambda:eu-west-1:111111111111:function:hello"],
    ],
)
def test_a_function_of_one_account_and_region_has_no_log_in_others(
    folder: Path, served: Served, elsewhere: list[str]
) -> None:
    here = command("logs", "hello", folder=folder)
    there = command("logs", *elsewhere, folder=folder)

    assert (here.returncode, here.stderr) == (0, "hello has logged nothing yet.\n")
    assert f"{served.url} has no log of 'hello', and no such function is known." in there.stderr
    assert there.returncode == 2


def test_commands_find_an_ephemeral_server_of_their_folder_alone(folder: Path) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    line = [sys.executable, "-m", "lambda_emu", "serve", "--port", "0", "--engine", "process", "--ephemeral"]
    process = subprocess.Popen(line, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert "serves hello" in process.stdout.readline()

        invoked = command("invoke", "hello", '{"name": "Ada"}', folder=folder)
        other = command("invoke", "hello", '{"name": "Ada"}', folder=elsewhere)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(LIMIT_S)

    assert "Asking the server" in invoked.stderr
    assert json.loads(invoked.stdout) == {"greeting": "Hello, Ada"}
    assert f"There is no lambda-emu.yaml in {elsewhere}, and no folder hello" in other.stderr


@pytest.mark.usefixtures("served")
def test_who_edits_code_that_a_server_has_read_is_told(folder: Path) -> None:
    before = command("invoke", "hello", '{"name": "Ada"}', folder=folder)
    (folder / "hello" / "app.py").write_text("def handler(event, context):\n    return 'edited'\n")

    after = command("invoke", "hello", '{"name": "Ada"}', folder=folder)

    said = f"{folder}/hello/app.py is newer than the server's start, which read the code: start it again"
    assert (said in before.stderr, said in after.stderr) == (False, True)
    assert json.loads(after.stdout) == {"greeting": "Hello, Ada"}


def test_what_a_server_that_was_killed_left_misleads_nobody(folder: Path, served: Served) -> None:
    served.process.kill()
    served.process.wait(LIMIT_S)

    invoked = command("invoke", "hello", '{"name": "Ada"}', folder=folder, environment={"LAMBDA_EMU_ENGINE": "process"})

    assert json.loads(invoked.stdout) == {"greeting": "Hello, Ada"}, invoked.stderr
    assert "Asking the server" not in invoked.stderr


def test_a_project_of_another_tool_is_no_empty_account(tmp_path: Path) -> None:
    (tmp_path / "cdk.json").touch()

    done = command("serve", "--host", "192.0.2.1", folder=tmp_path)

    assert f"{tmp_path} has cdk.json (AWS CDK), which lambda-emu does not read yet" in done.stderr


def test_why_a_function_failed_is_told_to_who_invokes_it(folder: Path, served: Served) -> None:
    lam = client(served.url)
    other = {"x86_64": "arm64", "arm64": "x86_64"}[HOST_ARCHITECTURE]
    settings = {"Runtime": "provided.al2023", "Handler": "x", "Role": ROLE, "Architectures": [other]}
    lam.create_function(FunctionName="failing", Code={"ZipFile": zipped({"x": "1"})}, **settings)  # type: ignore[arg-type]

    done = command("invoke", "failing", folder=folder)

    ways = f"start Docker, or make the function for {HOST_ARCHITECTURE}"
    assert f"it cannot run {other} without Docker: {ways}" in done.stderr
    assert done.returncode == 2


def test_a_second_server_says_who_is_in_its_way(folder: Path, served: Served) -> None:
    port = served.url.rpartition(":")[2]

    same_port = command("serve", "--port", port, "--ephemeral", "--engine", "process", folder=folder)
    same_folder = command("serve", "--port", "0", "--engine", "process", folder=folder)

    assert f"127.0.0.1:{port} is in use; choose another --port" in same_port.stderr
    assert f"is in use by another lambda-emu (process {served.process.pid})" in same_folder.stderr
    assert (same_port.returncode, same_folder.returncode) == (2, 2)


def test_serve_ends_well_when_interrupted(served: Served) -> None:
    served.process.send_signal(signal.SIGINT)

    assert served.process.wait(LIMIT_S) == 0


@pytest.mark.docker
def test_doctor_starts_a_container_and_gives_each_finding(folder: Path) -> None:
    done = command("doctor", "--json", folder=folder)

    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert {finding["check"]: finding["fix"] for finding in findings if finding["verdict"] != "ok"} == {}
    assert [finding["check"] for finding in findings][-1] == "way back"
    assert done.returncode == 0


@pytest.mark.docker
def test_runtimes_are_listed_with_their_images(folder: Path) -> None:
    done = command("runtimes", "list", "--json", folder=folder)

    listed = {one["runtime"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert listed["python3.11"]["buildable"]
    assert listed["java21"]["awsImage"] == "public.ecr.aws/lambda/java:21"
    assert listed["python3.10"]["label"].startswith("community build of CPython 3.10.")
    assert "sqlite3" in listed["python3.10"]["lacks"]
    assert [name for name in listed["python3.9"]["contents"] if name.startswith("boto3==1.42.")] != []


@pytest.mark.docker
def test_an_image_that_nobody_looks_after_is_listed_as_such(folder: Path) -> None:
    done = command("runtimes", "list", folder=folder)

    assert re.search(r"python3\.10 .* community build of CPython 3\.10\..*; lacks .*sqlite3", done.stdout)
    assert not re.search(r"python3\.13 .* lacks", done.stdout)


def test_doctor_says_what_to_do_about_each_thing_that_is_missing(folder: Path) -> None:
    (folder / "file").touch()
    missing = {"DOCKER_HOST": "tcp://127.0.0.1:1", "PATH": str(folder), "LAMBDA_EMU_DATA_DIR": str(folder / "file")}

    done = command("doctor", "--json", folder=folder, environment=missing)

    findings = {finding["check"]: finding for finding in map(json.loads, done.stdout.splitlines())}
    wrong = {name: finding["verdict"] for name, finding in findings.items() if finding["verdict"] != "ok"}
    assert wrong == {
        "data directory": "failure",
        "image builder": "warning",
        "engine": "warning",
        "cgroup": "warning",
        "images": "warning",
        "way back": "warning",
    }
    assert all(findings[name]["fix"] for name in wrong)
    assert done.returncode == 1


def test_doctor_says_what_functions_run_on_without_docker(folder: Path) -> None:
    done = command("doctor", "--json", folder=folder, environment={"DOCKER_HOST": "tcp://127.0.0.1:1"})

    found = {finding["check"]: finding for finding in map(json.loads, done.stdout.splitlines())}["processes"]
    exact, others = re.fullmatch(r"([^;]*); others on ([^;]*)(?:;.*)?", found["text"]).groups()  # type: ignore[union-attr]
    assert {OWN_PYTHON, "provided.al2023"} <= set(exact.split(", "))
    assert OWN_PYTHON in others
    assert found["fix"] is None


def test_doctor_says_how_to_have_the_services_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moto", None)  # as where it is not installed

    found = services(load_settings({}, {}))

    assert (found.verdict, found.text) == ("warning", "moto is not installed")
    assert str(found.fix).startswith(f"{sys.executable} -m pip install 'lambda-emu[services]'")


@pytest.mark.docker
@pytest.mark.usefixtures("nobody_else_prunes")
def test_prune_removes_what_a_killed_emulator_left_and_nothing_else(folder: Path) -> None:
    image = docker("images", "--quiet").splitlines()[0]
    left = docker("create", "--label=lambda-emu.session=s", f"--label=lambda-emu.owner={gethostname()}:1:0", image, "x")
    other = docker("create", image, "x")

    try:
        pruned = command("prune", "--json", folder=folder)
        remaining = docker("ps", "--all", "--quiet", "--no-trunc").split()
    finally:
        docker("rm", other)

    assert pruned.returncode == 0, pruned.stderr
    assert [json.loads(line)["id"] for line in pruned.stdout.splitlines()].count(left[:12]) == 1
    assert (left in remaining, other in remaining) == (False, True)


def test_without_docker_runtimes_are_listed_with_what_they_run_on(folder: Path) -> None:
    done = command("runtimes", "list", "--engine", "process", "--json", folder=folder)
    table = command("runtimes", "list", folder=folder, environment={"DOCKER_HOST": "tcp://127.0.0.1:1"})

    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    listed = {one["runtime"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert (listed[own]["runsOn"], listed[own]["exact"]) == (own, True)
    assert (listed["python3.8"]["runsOn"], listed["python3.8"]["exact"]) == (own, False)
    assert "Docker" in listed["dotnet8"]["reason"]
    assert re.search(rf"python3\.8 +deprecated +another version: {re.escape(own)} \(/", table.stdout), table.stderr
