"""C#, on what can be had here: .NET Core 3.1 from PyPI in the place of .NET 8 and 10, which no registry has.

So what is asked of it is asked of our client, and not of .NET 8. Nor is AWS's Amazon.Lambda.Core there: the handlers
are compiled with a stand-in of the same names, handlers/dotnet/Amazon.Lambda.Core.cs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest
from own import OwnLam, own_emulator
from packages import kept, made, needs, part_of

from lambda_emu.recipes import Compiled, Wheels
from lambda_emu.runtimes import Catalogue, catalogue
from lambda_emu.sandbox.building.cache import Cache
from lambda_emu.sandbox.building.part_plan import PartPlan, plan_part
from lambda_emu.sandbox.building.registries import Registries
from languages.language import HANDLERS, Failure, Form, Language, Thrown

IN_PLACE_OF = ("8.0.31", "10.0.7")
"""What .NET Core 3.1 is called in the folder that tests have on the PATH."""


def compiled(example: Mapping[str, bytes] = MappingProxyType({})) -> Mapping[str, bytes]:
    """The handlers and all that lies beside them; compiled once, as the client is. example: Orders.cs, Json.cs."""
    client = _client()
    part = Compiled("dotnet/compile.sh", client.suite, client.packages, client.sources, "dotnet")
    scripts = {f"dotnet/{path.name}": path.read_bytes() for path in sorted((HANDLERS / "dotnet").iterdir())}
    scripts |= {f"dotnet/{name}": content for name, content in example.items()}
    return {path.name: path.read_bytes() for path in _made(PartPlan(part, "x86_64", scripts)).iterdir()}


def client() -> Path:
    """The assembly that is our client."""
    return next(_made(plan_part(_client(), "x86_64", catalogue().folder)).iterdir())


def _client() -> Compiled:
    return part_of("dotnet8", "/var/runtime", Compiled)


def _made(plan: PartPlan) -> Path:
    needs("mmdebstrap")
    return made(plan)


def home_of_dotnet(config: pytest.Config) -> Path:
    """A folder as a user of .NET has it, with `dotnet`, and in it .NET Core 3.1 by other names."""
    folder = kept(config, "dotnet-core")
    home = folder / "dotnet"
    if not home.is_dir():
        shutil.rmtree(folder / "wheel", ignore_errors=True)
        wheel = Wheels(("dotnetcore2==3.1.23",), "3.11")
        Registries(Cache(folder), folder, print).fetch_wheels(wheel, "x86_64", folder / "wheel")
        found = folder / "wheel/dotnetcore2/bin"
        (found / "dotnet").chmod(0o755)
        frameworks = found / "shared/Microsoft.NETCore.App"
        (frameworks / "3.1.23").rename(frameworks / IN_PLACE_OF[0])
        for name in IN_PLACE_OF[1:]:
            shutil.copytree(frameworks / IN_PLACE_OF[0], frameworks / name, copy_function=os.link)
        found.rename(home)
    return home


@contextmanager
def serve_with_dotnet(config: pytest.Config, folder: Path, engine: str) -> Iterator[OwnLam]:
    """An emulator on a machine whose `dotnet` is that one.

    Its images of .NET have names that no others have: nobody who uses this machine's engine finds .NET Core 3.1 in the
    place of .NET 8.
    """
    runtimes, project = folder / "runtimes", folder / "project"
    project.mkdir()
    shutil.copytree(catalogue().folder, runtimes)
    family = runtimes / "dotnet.yaml"
    family.write_text(family.read_text().replace('"dotnet:', '"dotnet-core-of-tests:'))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{home_of_dotnet(config)}:{os.environ['PATH']}")
        with own_emulator(project, engine, runtimes=Catalogue(runtimes), pull_images=False) as lam:
            yield lam


def _code(_: pytest.Config) -> Mapping[str, bytes]:
    return {name: content for name, content in compiled().items() if name != "Layered.dll"}


DOTNET = Language(
    family="dotnet",
    handler="Fn::Fn.Every::Handle",
    files=_code,
    layer=lambda _: {"lib/Layered.dll": compiled()["Layered.dll"]},
    error="InvalidOperationException",
    members=("errorType", "errorMessage", "stackTrace"),
    trace="stackTrace",
    failures={
        "broken": Failure(
            "Fn::Fn.Broken::Handle", "TargetInvocationException", "thrown by the target of an invocation"
        ),
        "no module": Failure(
            "Missing::Fn.Every::Handle",
            "LambdaValidationException",
            "Could not find the specified handler assembly with the file name 'Missing, Culture=neutral",
        ),
        "no function": Failure(
            "Fn::Fn.Every::Missing", "LambdaValidationException", "Unable to find method 'Missing' in type 'Fn.Every'"
        ),
    },
    ends="Fn::Fn.Ends::Handle",
    line="{time}\t{id}\tinfo\t{text}",
    throws={
        "throw_own": Thrown("Own", "oops"),
        "throw_cause": Thrown("InvalidOperationException", "oops"),
        "throw_odd": Thrown("AggregateException", "oops"),
    },
    forms=(
        Form("Fn::Fn.Forms::Twice", {"item": "é", "count": 2}, {"item": "é", "count": 4}),
        Form("Fn::Fn.Forms::Copied", [1, {"a": "é"}], [1, {"a": "é"}]),
        Form("Fn", {}, "by itself"),
    ),
    levels=("Debug", "Information", "Warning", "Error"),
    memory=int,
    variables={"_LAMBDA_TELEMETRY_LOG_FD": "62"},
    serve=serve_with_dotnet,
)
