"""docs/runtimes.md has a line for every runtime that functions can be created with, made of the catalogue."""

from __future__ import annotations

from pathlib import Path

from lambda_emu.recipes import Compiled, Jars, Modules, Package, Part, Recipe, Wheels
from lambda_emu.runtimes import Runtime, catalogue

PAGE = Path(__file__).parents[2] / "docs" / "runtimes.md"
HEAD = "| Runtime | Made of | Besides |\n|---|---|---|\n"


def lines() -> list[str]:
    return [line(runtime) for runtime in catalogue() if runtime.may_create]


def line(runtime: Runtime) -> str:
    if runtime.recipe is None:
        return f"| `{runtime.identifier}` | AWS's image alone | `docker pull {runtime.aws_image}` |"
    parts = [word for part in runtime.recipe.parts["x86_64"].values() for word in words(part)]
    return f"| `{runtime.identifier}` | {made_of(runtime.recipe)} | {', '.join(parts) or 'what the function brings'} |"


def made_of(recipe: Recipe) -> str:
    own = [name for name in recipe.packages if name.startswith(("python", "openjdk", "ruby"))]
    return " ".join([f"Debian {recipe.suite}", *(f"`{name}`" for name in own)])


def words(part: Part) -> list[str]:
    match part:
        case Wheels():
            return [f"`{wheel}`" for wheel in part.pip]
        case Package():
            return [f"`{part.package}`"]
        case Modules():
            name = part.modules[0] if len(part.modules) == 1 else "the AWS SDK version 3"
            return [f"{name} of {part.before}"]
        case Jars():
            return [f"`{':'.join(jar.split(':')[1:])}`" for jar in part.jars]
        case Compiled():
            return []


def test_the_page_has_every_runtime_as_the_catalogue_has_it() -> None:
    table = HEAD + "\n".join(lines()) + "\n"

    assert table in PAGE.read_text(), f"this belongs into {PAGE}:\n{table}"
