"""The tables of docs/runtimes.md, of the catalogue and of the suite of all languages. Run to write them anew."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from lambda_emu.recipes import BUILDING, Compiled, Installed, Jars, Modules, Package, Part, Recipe, Tree, Wheels
from lambda_emu.runtimes import Runtime, catalogue
from lambda_emu.sandbox.toolchain.layout import LANGUAGES

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs/runtimes.md"
SUITE = REPOSITORY / "tests/engine/languages"
BUILD = "build"  # of what an image is made of, which no row is about
LIBRARY = "standard library"  # nor about which of its modules there are
RUN_ON = {"dotnet": ", by the client, on .NET Core 3.1"}
"""Where the suite does not run on what functions run on."""
PROGRAMS = {
    "dotnet": "`dotnet`",
    "java": "`java`",
    "nodejs": "`node`, `aws-lambda-ric`",
    "provided": "nothing",
    "python": "nothing",  # lambda-emu has one
    "ruby": "`ruby`",
}
WITHOUT_DOCKER = " without Docker"
BLOCK = re.compile(r"(<!-- (\w+), by tests/unit/runtimes_tables.py -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """The page with its tables as they should be."""
    tables = {"runtimes": _runtimes, "rows": _rows, "differences": _differences}
    return BLOCK.sub(lambda found: found[1] + tables[found[2]]() + found[3], text)


def rows() -> Mapping[str, str]:
    """Every row of the suite with its test."""
    found: dict[str, str] = {}
    for name, test in suite():
        found |= dict.fromkeys(_marks(test), name)
    return found


def suite() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every test of the suite, by its file and its name."""
    for path in sorted(SUITE.glob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield f"{path.name}::{node.name}", node


def families() -> set[str]:
    """Those that a language of the suite is of."""
    texts = [path.read_text() for path in SUITE.glob("*.py")]
    return {found for text in texts for found in re.findall(r'^    family="(\w+)"', text, re.MULTILINE)}


def _marks(test: ast.FunctionDef) -> Iterator[str]:
    for decorator in test.decorator_list:
        for node in ast.walk(decorator):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "row":
                yield ast.literal_eval(node.args[0])


def listed() -> list[Runtime]:
    return [runtime for runtime in catalogue() if runtime.may_create]


def _runtimes() -> str:
    head = "| Runtime | Made of | Besides | Needs without Docker | Rows of the suite |\n|---|---|---|---|---|\n"
    return head + "".join(_runtime_line(runtime) for runtime in listed())


def _runtime_line(runtime: Runtime) -> str:
    made, besides = "AWS's image alone", f"`docker pull {runtime.aws_image}`"
    if runtime.recipe is not None:
        kept = [part for path, part in runtime.recipe.parts["x86_64"].items() if path != BUILDING]
        parts = [word for part in kept for word in _words(part)]
        ours = "what the function brings" if runtime.recipe.start is None else "a client of our own"
        made, besides = _made_of(runtime.recipe), ", ".join(parts) or ours
    needs = PROGRAMS[runtime.family] if runtime.family in LANGUAGES else "-"
    return f"| `{runtime.identifier}` | {made} | {besides} | {needs} | {_held(runtime)} |\n"


def _held(runtime: Runtime) -> str:
    if runtime.recipe is None:
        return "not run: no image can be built"
    if runtime.family not in families():
        return "not asked yet"
    differing = [name for name in runtime.differs if name.removesuffix(WITHOUT_DOCKER) != BUILD]
    held = f"{len(rows()) - len(differing)} of {len(rows())}" + "".join(f", not *{name}*" for name in differing)
    return held + RUN_ON.get(runtime.family, "")


def _rows() -> str:
    head = f"| Row | Test in `{SUITE.relative_to(REPOSITORY)}/` |\n|---|---|\n"
    return head + "".join(f"| {name} | `{test}` |\n" for name, test in rows().items())


def _differences() -> str:
    """Runtimes that differ alike stand in one line."""
    found: dict[tuple[str, str], list[str]] = {}
    for runtime in (runtime for runtime in listed() if runtime.recipe is not None):
        for name, how in [*runtime.differs.items(), *_lacking(runtime)]:
            found.setdefault((name, how), []).append(f"`{runtime.identifier}`")
    lines = [f"| {', '.join(names)} | {name} | {how} |\n" for (name, how), names in found.items()]
    return "| Runtimes | Row | In which way |\n|---|---|---|\n" + "".join(lines)


def _lacking(runtime: Runtime) -> Iterator[tuple[str, str]]:
    of, on_arm64 = (runtime.lacks.get(architecture, ()) for architecture in ("x86_64", "arm64"))
    if of or on_arm64:
        also = [f"`{name}`" for name in on_arm64 if name not in of]
        rest = f", on arm64 neither {', '.join(also)}" if also else ""
        yield LIBRARY, f"there is no {', '.join(f'`{name}`' for name in of)}{rest}"


def _made_of(recipe: Recipe) -> str:
    own = [name for name in recipe.packages if name.startswith(("python", "openjdk", "ruby"))]
    return " ".join([f"Debian {recipe.suite}", *(f"`{name}`" for name in own)])


def _words(part: Part) -> list[str]:
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
        case Tree():
            return [f"`{part.tree}`"]
        case Compiled():
            return []
        case Installed():
            return [f"this machine's own .NET {part.dotnet}", "a client of our own"]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
