"""Languages that are compiled, in custom runtimes: each by AWS's client for it, fetched and compiled once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from packages import go_program, kept, made, part_of, run

from lambda_emu.recipes import Package
from lambda_emu.sandbox.building.part_plan import PartPlan
from languages.language import AS_TEXT, HANDLERS, Failure, Files, Form, Language, Thrown

LAYER = {"layered": "from a layer"}
RUST_ERROR = "&alloc::boxed::Box<dyn core::error::Error + core::marker::Send + core::marker::Sync>"
"""Whatever an error is, unless it says itself what it is called."""
ANY_NAME = (Form("every", {"do": "echo", "value": [1]}, [1]),)
"""A program that has one handler, whatever it is called."""
NO_HANDLER = Failure("missing", "Runtime.ExitError", "exit status 1")


def _made_once(config: pytest.Config, name: str, make: Callable[[Path], Path], *sources: Path) -> bytes:
    """A program that is compiled again when its sources change. make: in a folder, returns where it is."""
    written = sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    folder = kept(config, f"{name}-{written}")
    program = folder / "made"
    if not program.exists():
        shutil.copyfile(make(folder), folder / "copy")
        (folder / "copy").rename(program)
    return program.read_bytes()


def _go(config: pytest.Config) -> Files:
    return {"bootstrap": go_program(config, (HANDLERS / "go/every.go").read_text())}


def _rust(config: pytest.Config) -> Files:
    sources = [HANDLERS / "rust" / name for name in ("Cargo.toml", "Cargo.lock", "src/main.rs")]

    def make(folder: Path) -> Path:
        target = kept(config, "rust-target")  # where what it needs stays compiled
        manifest = HANDLERS / "rust/Cargo.toml"
        run(
            ["cargo", "build", "--locked", "--release", f"--manifest-path={manifest}", f"--target-dir={target}"], folder
        )
        return target / "release/bootstrap"

    return {"bootstrap": _made_once(config, "rust", make, *sources)}


def _cpp(config: pytest.Config) -> Files:
    source = HANDLERS / "cpp/every.cpp"

    def make(folder: Path) -> Path:
        made = _cpp_client(config)
        options = ["-O1", "-std=c++17", f"-I{made}/include", str(source), f"-L{made}/lib", "-laws-lambda-runtime"]
        run(["g++", *options, "-lcurl", "-pthread", "-s", "-o", "made-now"], folder)
        return folder / "made-now"

    return {"bootstrap": _made_once(config, "cpp", make, source)}


def _cpp_client(config: pytest.Config) -> Path:
    """aws-lambda-cpp and the curl it wants: AWS's client for Node.js has both, and a script that compiles them."""
    package = part_of("nodejs24.x", "/tmp/client", Package)
    folder = kept(config, f"cpp-client-{sha256(package.package.encode()).hexdigest()[:8]}")
    if not (folder / "whole").exists():
        shutil.rmtree(folder)
        folder.mkdir()
        shutil.copytree(made(PartPlan(package, "x86_64")), folder / "client")
        run(["sh", "scripts/preinstall.sh"], folder / "client")
        (folder / "whole").touch()
    return folder / "client/deps/artifacts"


GO = Language(
    family="provided",
    name="go",
    handler="every",
    files=_go,
    layer=lambda _: LAYER,
    error="errorString",
    members=("errorMessage", "errorType"),
    trace=None,
    line='timestamp={time} level=WARN message="{text}" requestId={id}',
    throws={
        "throw_own": Thrown("own", "oops"),
        "throw_cause": Thrown("wrapError", "oops: below"),
        "throw_odd": Thrown("string", "oops", ends=True),  # a panic is told, and then the process ends
    },
    failures={
        "broken": Failure("broken", "Runtime.ExitError", "exit status 2"),
        "no module": NO_HANDLER,
        "no function": NO_HANDLER,
    },
    ends="ends",
    forms=(Form("typed", {"count": 2}, {"Twice": 4}), Form("nothing", {}, None), Form("bytes", 7, "bytes 7")),
    segmentation="exit status 2",
    tells_errors=AS_TEXT,
    memory=int,
)
RUST = Language(
    family="provided",
    name="rust",
    handler="every",
    files=_rust,
    layer=lambda _: LAYER,
    error=RUST_ERROR,
    members=("errorType", "errorMessage"),
    trace=None,
    line='{time}  WARN Lambda runtime invoke{requestId="{id}" xrayTraceId="{any}"}: {text}',
    throws={
        "throw_own": Thrown("Own", "oops"),
        "throw_cause": Thrown(RUST_ERROR, "oops"),
        "throw_odd": Thrown("&alloc::boxed::Box<dyn core::any::Any + core::marker::Send>", "oops"),
    },
    failures={
        "broken": Failure("broken", "Runtime.ExitError", "exit status 101"),
        "no module": NO_HANDLER,
        "no function": NO_HANDLER,
    },
    ends="ends",
    forms=ANY_NAME,
    names_request=False,
    memory=int,
)
CPP = Language(
    family="provided",
    name="cpp",
    handler="every",
    files=_cpp,
    layer=lambda _: LAYER,
    error="runtime_error",
    members=("errorMessage", "errorType"),
    trace=None,
    line="WARN {text}",
    throws={
        "throw_own": Thrown("Own", "oops"),
        "throw_cause": Thrown("runtime_error", "oops"),
        "throw_odd": Thrown("Runtime.ExitError", "signal: aborted", ends=True),
    },
    failures={
        "broken": Failure("broken", "Runtime.ExitError", "signal: aborted"),
        "no module": NO_HANDLER,
        "no function": NO_HANDLER,
    },
    ends="ends",
    forms=ANY_NAME,
    names_request=False,
    tells_errors=None,
)
