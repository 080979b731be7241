"""How an image is made, as data: Debian packages, and parts from the registries that languages have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from lambda_emu.architectures import ARCHITECTURES


class Wheels(Struct, frozen=True):
    """Python packages with all they need, for an interpreter's version."""

    pip: tuple[str, ...]
    python: str


class Package(Struct, frozen=True):
    """One npm package as it was published. sha512: of its archive, in base64, as npm tells it."""

    package: str
    sha512: str


class Modules(Struct, frozen=True):
    """npm packages with all they need, as they were on a day, less what matches `leave_out`."""

    modules: tuple[str, ...]
    before: str
    leave_out: tuple[str, ...] = ()


class Jars(Struct, frozen=True):
    """Jars by their Maven coordinates, `group:artifact:version`, each with its SHA-256 in hexadecimal.

    They are named without the version. taken_out: members of them, by the names they get beside. left_out: patterns of
    members that the jars are then without.
    """

    jars: Mapping[str, str]
    left_out: tuple[str, ...] = ()
    taken_out: Mapping[str, str] = field(default_factory=dict)


class Tree(Struct, frozen=True):
    """What lies below a folder of a jar, unpacked.

    tree: the jar, `group:artifact:version:classifier`. left_out: patterns of paths below the folder.
    """

    tree: str
    sha256: str
    folder: str
    left_out: tuple[str, ...] = ()


class Compiled(Struct, frozen=True):
    """What a script leaves in /made of a Debian root that is thrown away.

    compile: the script, below runtimes/. sources: found in there as /sources/<name>. ours: a folder below runtimes/,
    whose files are found as /sources/<its name>.
    """

    compile: str
    suite: str
    packages: tuple[str, ...]
    sources: Mapping[str, Package | Wheels]
    ours: str | None = None


class Installed(Struct, frozen=True):
    """What the machine that builds has of .NET, of this major version: no registry has it."""

    dotnet: str


Part = Wheels | Package | Modules | Jars | Tree | Compiled | Installed
_KINDS: Mapping[str, type[Part]] = {
    "pip": Wheels,
    "package": Package,
    "modules": Modules,
    "jars": Jars,
    "tree": Tree,
    "compile": Compiled,
    "dotnet": Installed,
}


BUILDING = "/tmp/building"
"""Where an image has what its build alone needs."""


class Recipe(Struct, frozen=True):
    """How the image of a runtime is built.

    leave_out: paths in Debian's packages that nobody needs at run time. start: the shell words that start the runtime;
    None where the function brings it. switched_off: features of Node.js that Lambda switches off. files: a folder
    beside the catalogue, of what a language adds to the image. parts: by architecture, what lies where in the image.
    """

    suite: str
    packages: tuple[str, ...]
    leave_out: tuple[str, ...]
    start: str | None = None
    switched_off: tuple[str, ...] = ()
    files: str | None = None
    parts: Mapping[str, Mapping[str, Part]] = field(default_factory=dict)


def contents(recipe: Recipe, architecture: str) -> list[str]:
    """What of other registries than Debian's an image has, as these name it."""
    return [name for path, part in recipe.parts[architecture].items() if path != BUILDING for name in _names(part)]


def _names(part: Part) -> list[str]:
    match part:
        case Wheels():
            return list(part.pip)
        case Package():
            return [part.package]
        case Modules():
            return [f"{name} (as of {part.before})" for name in part.modules]
        case Jars():
            return list(part.jars)
        case Tree():
            return [part.tree]
        case Compiled():
            packages = [source.package for source in part.sources.values() if isinstance(source, Package)]
            return [f"{part.ours or packages[0]} (compiled)"]
        case Installed():
            return [f".NET {part.dotnet} of this machine"]


def start_words(start: str, switched_off: tuple[str, ...]) -> str:
    """The shell words that start a runtime, without the features of it that NODE_OPTIONS does not switch on."""
    program, _, words = start.partition(" ")
    off = [f'$(case " $NODE_OPTIONS " in *" --{name} "*) ;; *) echo --no-{name} ;; esac)' for name in switched_off]
    return " ".join((program, *off, words))


def read_recipe(facts: Mapping[str, Any]) -> Recipe:
    """A recipe of what the catalogue's files say, all words filled in."""
    parts = {
        architecture: {path: _part(part.get(architecture, part)) for path, part in facts.get("parts", {}).items()}
        for architecture in ARCHITECTURES
    }
    return Recipe(**{**facts, "parts": parts})


def _part(facts: Mapping[str, Any]) -> Part:
    kind = next(kind for name, kind in _KINDS.items() if name in facts)
    if "sources" in facts:
        return Compiled(**{**facts, "sources": {name: _part(found) for name, found in facts["sources"].items()}})
    return kind(**facts)
