"""The plugin of pytest: fixtures, options, the marker of tests that move time. Entry point `lambda_emu`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from lambda_emu.testing.errors import NotStarted
from lambda_emu.testing.options import MARKER, MARKERS, Told, add_options
from lambda_emu.testing.workers import KEY, Controller, ask

if TYPE_CHECKING:
    from lambda_emu.testing.account import Account
    from lambda_emu.testing.emu import Emu, EmuClock
    from lambda_emu.testing.function import Function
    from lambda_emu.testing.servers import Servers

OWN_CLOCK = "clock"
HIDDEN = getattr(pytest, "HIDDEN_PARAM", OWN_CLOCK)
_run = pytest.StashKey["Run"]()
_since_s = pytest.StashKey[float]()


class Run:
    """What was started for a run, in one of its processes. said: by servers that have ended."""

    def __init__(self) -> None:
        self.servers: Servers | None = None
        self.controller: Controller | None = None
        self.said = ""

    def close(self) -> None:
        for started in (self.servers, self.controller):
            if started is not None:
                self.said += started.said()
                started.close()
        self.servers = self.controller = None


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_run] = Run()
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Of xdist, in its controller, before a worker starts."""
    run = node.config.stash[_run]
    if run.controller is None:
        run.controller = Controller(Told(node.config))
    node.workerinput[KEY] = run.controller.path


@pytest.hookimpl(trylast=True)  # after the workers have ended, and all fixtures
def pytest_sessionfinish(session: pytest.Session) -> None:
    """What was started ends; what it said is told below the tests."""
    session.config.stash[_run].close()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Where the session did not come so far."""
    config.stash[_run].close()


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    if exitstatus != pytest.ExitCode.OK and (said := config.stash[_run].said.strip()):
        terminalreporter.section("lambda-emu said")
        terminalreporter.write_line(said)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """All that a test which moves time takes of ours, at whatever scope, is of the server that is for such tests."""
    moves = metafunc.definition.get_closest_marker(MARKER) is not None or MARKER in metafunc.fixturenames
    if moves and "lambda_emu" in metafunc.fixturenames:
        metafunc.parametrize("lambda_emu", [OWN_CLOCK], indirect=True, scope="session", ids=[HIDDEN])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """A test leaves its server's clock as it found it."""
    result = yield
    if (servers := item.config.stash[_run].servers) is not None:
        servers.set_clock_back()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test's report has what functions logged since it began."""
    report = yield
    if call.when == "setup":
        item.stash[_since_s] = call.start
    servers = item.config.stash[_run].servers
    if report.failed and servers is not None and (log := servers.log_since(item.stash.get(_since_s, call.start))):
        report.sections.append(("Functions' log", log))
    return report


@pytest.fixture(scope="session")
def lambda_emu(request: pytest.FixtureRequest) -> Emu:
    """The server that all tests share: `url`, `account()`, `client()`, `logs()`, `clock`.

    A test that moves time has another one, which no test uses at the same time.
    """
    servers = _servers_of(request.config)
    try:
        return servers.moved if getattr(request, "param", None) == OWN_CLOCK else servers.shared
    except NotStarted as error:
        why = str(error)
    pytest.fail(why, pytrace=False)  # where it was raised helps nobody


@pytest.fixture
def lambda_account(lambda_emu: Emu) -> Iterator[Account]:
    """An account that is empty, and the test's own: `client(service)`, `deploy()`, `invocations()`, `environ`."""
    with lambda_emu.account() as account:
        yield account


@pytest.fixture
def lambda_client(lambda_account: Account) -> Any:
    """boto3's client of Lambda for that account."""
    return lambda_account.client()


@pytest.fixture
def lambda_deploy(lambda_account: Account) -> Callable[..., Function]:
    """Creates a function in that account from source text, a path, a zip, or by its name in the project.

    What it returns is called with an event, and returns the payload or raises lambda_emu.testing.FunctionError.
    """
    return lambda_account.deploy


@pytest.fixture
def lambda_invocations(lambda_account: Account) -> Callable[..., Any]:
    """Lists the invocations in that account that have ended; waits for as many as `at_least` says."""
    return lambda_account.invocations


@pytest.fixture
def lambda_clock(lambda_emu: Emu) -> EmuClock:
    """The time of whatever waits in a server that this test has for itself: `advance("1h")`, `now`."""
    return lambda_emu.clock


def _servers_of(config: pytest.Config) -> Servers:
    run = config.stash[_run]
    if run.servers is None:
        from lambda_emu.testing.servers import Servers  # here: most runs of pytest have nothing to do with us

        path = getattr(config, "workerinput", {}).get(KEY)
        run.servers = Servers(Told(config), None if path is None else lambda: ask(path))
    return run.servers
