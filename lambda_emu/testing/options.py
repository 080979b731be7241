"""What a run of pytest can be told: options, then variables, then pytest's own file of settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

IAM = ("off", "warn", "enforce")
ENGINES = ("auto", "docker", "process")
MARKER = "lambda_clock"
MARKERS = (
    f"{MARKER}: the test has a server whose time no other test sees, so that it may move it (lambda_clock.advance)",
)


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("lambda-emu", "AWS Lambda on this machine")
    group.addoption("--lambda-emu-engine", choices=ENGINES, help="What runs functions (ini lambda_emu_engine).")
    group.addoption("--lambda-emu-iam", choices=IAM, help="Who may do what (ini lambda_emu_iam).")
    group.addoption("--lambda-emu-project", metavar="PATH", help="Serve this project (ini lambda_emu_project).")
    group.addoption("--lambda-emu-url", metavar="URL", help="Use the server that runs there already.")
    parser.addini("lambda_emu_engine", "What runs functions: auto, docker or process.")
    parser.addini("lambda_emu_iam", "What becomes of requests that IAM would refuse: off, warn or enforce.")
    parser.addini("lambda_emu_project", "A project to serve, relative to the root; its functions can be deployed.")
    parser.addini("lambda_emu_settings", "Other settings of the server, a line each: name = value.", type="linelist")


class Told:
    """What a run was told. url: of a server to use; None: one is started. serves: whether that serves the project."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.url: str | None = config.getoption("--lambda-emu-url")
        project = self._of("project")
        self.serves = project is not None
        self.project = str(config.rootpath / (project or "."))

    def given(self) -> dict[str, str]:
        """Settings that go before variables: those of the command line."""
        options = {name: self._config.getoption(f"--lambda-emu-{name}") for name in ("engine", "iam")}
        return {name: value for name, value in options.items() if value is not None}

    def written(self) -> dict[str, str]:
        """Settings that variables go before."""
        lines = (line.partition("=") for line in self._config.getini("lambda_emu_settings"))
        named = {name.strip(): value.strip() for name, _, value in lines}
        own = {name: self._config.getini(f"lambda_emu_{name}") for name in ("engine", "iam")}
        return named | {name: value for name, value in own.items() if value}

    def _of(self, name: str) -> str | None:
        found = self._config.getoption(f"--lambda-emu-{name}") or self._config.getini(f"lambda_emu_{name}")
        return str(found) if found else None
