"""An account of a test's own on a server that others use too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any

from msgspec import Struct, convert

from lambda_emu.cli.client import Server
from lambda_emu.testing.clients import ClientSet
from lambda_emu.testing.deploying import CREATE_LIMIT_S, LayerContent, deployment
from lambda_emu.testing.errors import NotDeployed
from lambda_emu.testing.function import Function
from lambda_emu.testing.waiting import wait_for

WAIT_S = 10.0
PENDING = "Pending"


class Invocation(Struct, frozen=True):
    """One that ended, as its REPORT has it. at_ms: since the epoch. status: success, error, timeout or failure.

    init_ms: what the start of its environment took; None: it found one.
    """

    function: str
    region: str
    version: str
    at_ms: int
    request_id: str
    status: str
    error_type: str | None
    duration_ms: float
    billed_ms: int
    memory_mb: int
    peak_memory_mb: int
    init_ms: float | None


class AccountHost(Struct, frozen=True):
    """Where accounts are: the server, the secret of root users, and where functions are found by their names."""

    server: Server
    secret: str
    project: str


class Account:
    """number: its 12 digits. region: of what is made without another. clients: its own meanwhile.

    is_used: whether anybody was given a client of it.
    """

    def __init__(self, number: str, region: str, host: AccountHost, clients: ClientSet) -> None:
        self.number = number
        self.region = region
        self._host = host
        self.clients = clients
        self.is_used = False
        self._names: set[str] = set()
        clients.use(number)

    @property
    def environ(self) -> Mapping[str, str]:
        """Variables by which any SDK, in this process or another, asks the server in the name of this account."""
        self.is_used = True
        return {
            "AWS_ENDPOINT_URL": self._host.server.url,
            "AWS_ACCESS_KEY_ID": self.number,
            "AWS_SECRET_ACCESS_KEY": self._host.secret,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    def client(self, service: str = "lambda", region: str | None = None) -> Any:
        """boto3's client of a service of AWS."""
        self.is_used = True
        return self.clients.client(service, region or self.region)

    def deploy(self, what: str | bytes | Path, **told: Any) -> Function:
        """Create a function, and wait until it can be invoked. NotDeployed.

        what: source text; the path of a folder, a file of code or a zip; the bytes of a zip; the name of a function of
        the project.
        told: `name`, `runtime`, `handler`, `timeout` in seconds, `memory` in MB, `environment`, by their names in
        lambda-emu.yaml, in place of what is found or usual; or members of CreateFunction as they are, `Layers=[…]`.
        """
        lambda_ = self.client()
        wanted = deployment(what, told, self._host.project, self.number)
        if "name" not in told:
            wanted.members["FunctionName"] = self._free_name(wanted.members["FunctionName"])
        for layer in wanted.layers:
            arn = layer
            if isinstance(layer, LayerContent):
                published = lambda_.publish_layer_version(LayerName=layer.name, Content={"ZipFile": layer.content})
                arn = published["LayerVersionArn"]
            wanted.members.setdefault("Layers", []).append(arn)
        made = lambda_.create_function(**wanted.members)
        name = made["FunctionName"]
        if wanted.reserved is not None:
            lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=wanted.reserved)
        self._wait_until_active(name)
        return Function(name, made["FunctionArn"], self)

    def invocations(
        self, function: str | Function | None = None, at_least: int = 0, timeout_s: float = WAIT_S
    ) -> Sequence[Invocation]:
        """Those that have ended so far, in their order, of a function or of all.

        at_least: wait until there are so many; AssertionError, with the log, where that takes longer than timeout_s.
        """
        name = function.name if isinstance(function, Function) else function
        found: list[Invocation] = []
        after = 0

        def is_enough() -> bool:
            nonlocal after
            answer = self._host.server.invocations(self.number, after)
            after = answer["next"]
            some = convert(answer["invocations"], list[Invocation])
            found.extend(one for one in some if name in (None, one.function))
            return len(found) >= at_least

        if not wait_for(is_enough, timeout_s):
            of = "" if name is None else f" of {name}"
            raise AssertionError(
                f"{len(found)} invocations{of} ended in {timeout_s:g} s, not {at_least}\n{self.logs() or 'No log.'}"
            )
        return found

    def logs(self, since_ms: int = 0) -> str:
        """The last lines of all its functions."""
        return self._host.server.log_of_account(self.number, since_ms)

    def _free_name(self, name: str) -> str:
        """`name`, or `name-2` where it was given before."""
        names = chain([name], (f"{name[:60]}-{number}" for number in count(2)))
        free = next(one for one in names if one not in self._names)
        self._names.add(free)
        return free

    def _wait_until_active(self, name: str) -> None:
        """Its image may have to be built, once."""
        state: dict[str, Any] = {}

        def is_settled() -> bool:
            nonlocal state
            state = self.client().get_function_configuration(FunctionName=name)
            return bool(state["State"] != PENDING)

        if not wait_for(is_settled, CREATE_LIMIT_S) or state["State"] == "Failed":
            raise NotDeployed(f"{name} is {state['State']}: {state.get('StateReason', 'no reason is given')}")
