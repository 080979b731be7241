import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from lambda_emu.cli import NAMES, command, main

HEAVY = ("asyncio", "botocore", "docker", "flask", "lambda_emu.server", "requests", "sqlite3", "uvloop", "yaml")


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from lambda_emu.cli import main; main(['--help'], standalone_mode=False);"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)

    assert done.stderr.split() == []
    assert "Run AWS Lambda functions on this machine" in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])

    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: main {name}")


@pytest.mark.parametrize("group", [[], ["runtimes"]])
def test_help_tells_of_each_command_in_a_whole_sentence(group: list[str]) -> None:
    told = CliRunner().invoke(main, [*group, "--help"]).stdout.partition("Commands:\n")[2].splitlines()

    assert len(told) >= 4
    assert [line for line in told if not line.endswith(".") or line.endswith("...")] == []


def test_every_option_has_a_help_text() -> None:
    commands = [*map(command, NAMES), *command("runtimes").commands.values()]  # type: ignore[attr-defined]
    options = [option for each in commands for option in each.params if isinstance(option, click.Option)]

    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--port", "70000"], "--port: '70000' must be a whole number from 0 to 65535"),
        (["serve", "--engine", "podman"], "--engine: 'podman' must be one of auto, docker, process"),
        (["serve", "--cpu", "fast"], "--cpu: 'fast' must be one of lambda, unlimited"),
        (["serve", "/nowhere"], "'/nowhere' must be a folder or a file that exists"),
        (["invoke"], "Missing argument 'FUNCTION'"),
        (["invoke", "f", "{}", "--event", "-"], "Give the payload as an argument or with --event, not both."),
        (["invoke", "f", "--endpoint-url", "here"], "'here' is not the address of a server"),
        (["fly"], "No such command 'fly'"),
    ],
)
def test_a_wrong_use_says_what_is_allowed_and_exits_with_2(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, arguments)

    assert said in result.stderr
    assert result.exit_code == 2
    assert result.stdout == ""


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lambda_emu", "--help"], capture_output=True, text=True, timeout=30, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: lambda-emu ")
