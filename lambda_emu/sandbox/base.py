"""What the pool asks of any engine: sandboxes with our init inside, code-less until loaded. Called on the loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Protocol

from msgspec import Struct

from lambda_emu.arn import FunctionId
from lambda_emu.http.branch import PassedListener
from lambda_emu.model.function.function import ContainerImage
from lambda_emu.model.function.image_package import FoundImage, PushedImage
from lambda_emu.runtimes import Catalogue
from lambda_emu.sandbox.machine import Machine

RUNTIME_ROLE = 0
LOG_DESCRIPTOR = {"_LAMBDA_TELEMETRY_LOG_FD": "62"}
"""Where runtime clients write framed log records; init makes the descriptor. The number is the one seen on Lambda."""
PLATFORM_MB = 13
"""Of an environment's memory, what Lambda's own processes take: it counts against the limit and is in Max Memory Used.

Recorded: a program of 1 MB is reported with 13 to 14 MB. docs/decisions/memory.md.
"""
GROWTH_BYTES_PER_MS = 4 << 20
"""Faster than memory can be filled: page faults alone take longer."""


class SandboxError(Exception):
    """The engine could not do what was asked; the text says what, and what to do where we know.

    state_code: what the API calls it of a function that cannot run for it. docs/contract/api.md#states.
    """

    state_code: ClassVar[str] = "InternalError"


class NoEngine(SandboxError):
    """No engine answers: the one reason to run functions as processes unasked."""


class ImageInvalid(SandboxError):
    """The image of a function is not there, or cannot be used."""

    state_code = "InvalidImage"


class ImageDenied(SandboxError):
    """A registry does not let us have the image of a function."""

    state_code = "ImageAccessDenied"


class ShuttingDown(SandboxError):
    """The engine was closed, or is about to be."""

    def __init__(self) -> None:
        super().__init__("lambda-emu is shutting down")


Listen = Callable[[str], Awaitable[int]]
"""Binds the environments' port on an address and returns the port."""


class Wanted(Struct, frozen=True):
    """engine: auto, docker or process. network: a Docker network of the user's, or None for our own.

    strict_runtimes: whether a runtime that cannot be had is refused, where another version could run in its place.
    own_network: whether each sandbox of processes has one of its own, with nobody else in it. vpc_networks: Docker
    networks that some functions join instead. runtimes: what images are made by; None: this installation's catalogue.
    """

    engine: str
    network: str | None
    pull_images: bool
    data_dir: Path
    cache_dir: Path
    strict_runtimes: bool
    own_network: bool
    vpc_networks: Collection[str]
    runtimes: Catalogue | None


class StemKind(Struct, frozen=True):
    """What is fixed when a sandbox is created: two functions that agree on it can use the same stem.

    image: the id of the image that holds the code, of a function packaged as one, which names no runtime.
    network: a network of the user's that it joins, "" for that of all; engines without networks do not look at it.
    memory_mb: of the function that will probably use it, which is not fixed: so it is none of what they agree on.
    """

    runtime: str
    architecture: str
    tmp_mb: int
    image: str = ""
    network: str = ""
    memory_mb: int | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StemKind) and self._fixed == other._fixed

    def __hash__(self) -> int:
        return hash(self._fixed)

    def __str__(self) -> str:
        name = self.image[:19] or self.runtime
        return f"{name} on {self.network}" if self.network else name

    @property
    def _fixed(self) -> tuple[object, ...]:
        return self.runtime, self.architecture, self.tmp_mb, self.image, self.network


class Limits(Struct, frozen=True):
    """What a function may use. cpus None: as many as the machine has."""

    memory_mb: int
    tmp_mb: int
    cpus: float | None


class Program(Struct, frozen=True):
    """What init starts for a role. logs_records: as AWS's runtimes do, by a descriptor of their own."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    directory: str = "/var/task"
    logs_records: bool = False

    @property
    def variables(self) -> Mapping[str, str]:
        """All that its process has."""
        return {**self.environment, **LOG_DESCRIPTOR} if self.logs_records else self.environment


class Usage(Struct, frozen=True):
    """The environment's figures: init's, and the platform's share of memory.

    peak_bytes is the highest sample since the sandbox started.
    """

    memory_bytes: int
    peak_bytes: int
    oom_kills: int
    cpu_us: int


class ExitKind(StrEnum):
    """How a role's process ended, or why it did not begin: it cannot be executed, or not in that directory."""

    CODE = "code"
    SIGNAL = "signal"
    NOT_STARTED = "not started"
    NO_DIRECTORY = "no directory"


class Exit(Struct, frozen=True):
    """value: exit code, signal number or errno of the failed exec. out_of_memory: init or the kernel killed it so."""

    role: int
    kind: ExitKind
    value: int
    out_of_memory: bool


ANY_TIME_MS = float("inf")


class InitListener(Protocol):
    """Hears what init reports; every call comes on the loop. `lost` is the last one."""

    def output(self, role: int, data: bytes) -> None: ...

    def synced(self, token: int, usage: Usage) -> None: ...

    def exited(self, exit: Exit) -> None: ...

    def killed(self) -> None: ...

    def lost(self) -> None: ...


class Init(Protocol):
    """Orders to PID 1 of one sandbox. None of them waits; a lost connection makes them do nothing."""

    listener: InitListener

    def start(self, role: int, program: Program) -> None: ...

    def sync(self, token: int, busy_ms: float = ANY_TIME_MS) -> None:
        """Answered by `synced`, perhaps at once, after every byte that was in the pipes when init got the order.

        busy_ms: how long that has run whose figures are asked for. Of what was short those of a moment ago will do.
        """

    def limit_memory(self, limit_bytes: int, sample_ms: int) -> None:
        """End everything when the memory, the platform's share included, is beyond the limit."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def signal(self, role: int, number: int) -> None: ...

    def kill(self) -> None:
        """Kill every process but init; answered by one `exited` a role and then `killed`, when all are gone."""

    def pause_output(self) -> None:
        """Stop reading from init (back-pressure); `resume_output` goes on."""

    def resume_output(self) -> None: ...


class Sandbox(Protocol):
    """One started sandbox, its init connected.

    id: what the engine's user sees (container id, pid). runtime_api: host:port, the value of AWS_LAMBDA_RUNTIME_API
    inside. passed: who listens there; None: it is a name, the token, by which the sandbox calls us. lambda_api: who
    listens for calls of the Lambda API and all other services, where sandboxes can pass a listener. services_at: where
    these are inside, host:port; None: they cannot be reached. services_name: a name for that host, as it is with
    `sync-` or `stream-` before it, where the engine gives names. session_token: of the credentials that its code has.
    early: the runtime that was started in it before its function was known, and waits for that. shares_loopback: with
    this machine, and so with all others that do.
    """

    id: str
    token: str
    runtime_api: str
    passed: PassedListener | None
    lambda_api: PassedListener | None
    services_at: str | None
    services_name: str | None
    session_token: str | None
    early: Program | None
    shares_loopback: bool

    @property
    def init(self) -> Init: ...

    async def load(self, task: Path, layers: Sequence[Path]) -> None:
        """Make these unpacked folders appear at /var/task and, merged in order, at /opt. Once in a sandbox's life."""

    async def listen(self, port: int) -> PassedListener | None:
        """Listen at this port of its own loopback; None: it has none, or can pass no socket. SandboxError: taken."""

    def limit_at_once(self, limits: Limits) -> bool:
        """Set the engine's limits, where that takes no call of it. False: it does."""

    async def limit(self, limits: Limits) -> None:
        """Set the engine's limits. While the code initialises, cpus is None."""

    async def destroy(self) -> None:
        """End it and everything in it; a failure is logged with the sandbox's id, never raised."""


WEAKER = {
    "limits_cpu": "CPU is not limited",
    "limits_tmp": "/tmp is this machine's, of any size",
    "limits_memory": "memory is not limited",
    "limits_pids": "processes are not limited",
    "isolates_files": "functions run as you and see your files",
    "filters_calls": "system calls are not filtered",
    "isolates_network": "functions share this machine's network",
}


class Abilities(Struct, frozen=True):
    """What an engine can hold an environment to; the tests of limits are parametrised by it.

    hides_loopback: no environment reaches what listens on this machine's loopback.
    """

    name: str
    limits_cpu: bool
    limits_tmp: bool
    limits_memory: bool
    limits_pids: bool
    isolates_files: bool
    isolates_network: bool
    hides_loopback: bool
    filters_calls: bool

    def weaker(self) -> str:
        """What of Lambda does not hold here, in words; empty when all of it does."""
        return "; ".join(words for ability, words in WEAKER.items() if not getattr(self, ability))


class PackagedImages(Protocol):
    """The images that functions are packaged as. Errors are SandboxError, ImageInvalid or ImageDenied.

    find_pushed: set where there is a registry of ours: what was pushed there, by an image's URI. It blocks.
    function: of which it is to be.
    """

    find_pushed: Callable[[str, FunctionId], PushedImage | None]

    async def find(self, uri: str, architecture: str, function: FunctionId) -> FoundImage | None:
        """The image of this name, if the engine has it."""

    async def prepare(self, image: ContainerImage, architecture: str, function: FunctionId) -> FoundImage:
        """Make sure sandboxes of it can be created: pull it if missing, if it may be pulled. May take minutes."""

    def program(self, image: ContainerImage) -> Program | None:
        """What a sandbox of it starts, with the image's variables; None if neither it nor the function says so."""


class Engine(Protocol):
    """Makes sandboxes. Errors are SandboxError. machine: where they are."""

    abilities: Abilities
    machine: Machine

    @property
    def packaged(self) -> PackagedImages: ...

    async def prepare(self, runtime: str, architecture: str) -> str | None:
        """Make sure sandboxes of this kind can be created: take or build the image if it is missing. May take minutes.

        Returns what runs in place of the runtime, in words; None: the very one, or one that is as good.
        """

    def program(self, runtime: str, handler: str, task: Path, layers: Sequence[Path]) -> Program | None:
        """How to start the runtime, with the variables the runtime itself needs; None: no bootstrap found."""

    def early(self, kind: StemKind) -> Program | None:
        """The runtime, where it can be started in a sandbox of this kind and wait for its function."""

    async def create(self, kind: StemKind) -> Sandbox:
        """Start a sandbox and wait (at most 30 s) for its init."""

    async def close(self) -> None:
        """Destroy every sandbox of this session."""
