"""The catalogue of runtime identifiers, read from runtimes/*.yaml: data and lookups.

docs/contract/runtime.md#environment-variables, #images, #runtimes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from msgspec import Struct

from lambda_emu.recipes import Recipe, read_recipe

REGISTRY = "public.ecr.aws/lambda"
ALIKE = 0.55
"""From here on a name may be another's with a mistake in it."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Support(StrEnum):
    """What AWS still allows with a runtime, in autumn 2026."""

    SUPPORTED = "supported"
    PLANNED = "planned"
    DEPRECATED = "deprecated"
    UPDATE_ONLY = "update only"
    BLOCKED = "blocked"


class Runtime(Struct, frozen=True):
    """One identifier.

    image: AWS's base image without its registry. os: what AWS runs it on. until: when its support ends or ended, where
    that is known. environment: what the runtime itself adds; the customer may override it. recipe: None where we cannot
    build the image. old_names: by which functions find credentials too, with the newer ones. differs: from Lambda, by
    the row of docs/runtimes.md that it is about; `build` for what it is made of, and of rows that differ as processes
    alone `<row> without Docker`. label: what our image has where that is not looked after any more; None where it is.
    lacks: by architecture, modules of the language's library that AWS's image has and ours has not.
    """

    identifier: str
    family: str
    image: str
    build: int
    os: str
    support: Support
    until: date | None
    environment: Mapping[str, str]
    recipe: Recipe | None
    old_names: Mapping[str, str]
    differs: Mapping[str, str]
    label: str | None = None
    lacks: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    @property
    def aws_image(self) -> str:
        """Where AWS publishes it: `public.ecr.aws/lambda/python:3.13`."""
        return f"{REGISTRY}/{self.image}"

    @property
    def major(self) -> int:
        """Of its language's version: 17 of `java17.al2023`."""
        return int(re.findall(r"\d+", self.identifier)[0])

    @property
    def execution_env(self) -> str | None:
        """AWS_EXECUTION_ENV; custom runtimes have none."""
        return None if self.family == "provided" else f"AWS_Lambda_{self.identifier}"

    @property
    def may_wait(self) -> bool:
        """Whether our bootstrap can be started before it is known what it will run."""
        return self.family in ("python", "ruby")

    @property
    def version(self) -> str:
        """As INIT_START prints it: `python:3.13.v62`."""
        return f"{self.image}.v{self.build}"

    def warning(self, architecture: str) -> str | None:
        """What whoever runs functions in our image is to know, in words; None where there is nothing."""
        if self.label is None:
            return None
        lacking = ", ".join(self.lacks.get(architecture, ()))
        without = f", without {lacking}" if lacking else ""
        return f"its functions run on a {self.label}{without}; for AWS's image: docker pull {self.aws_image}"

    def version_arn(self, region: str, partition: str = "aws") -> str:
        """The build's ARN. AWS's hex says nothing; ours is always the same for a runtime."""
        return f"arn:{partition}:lambda:{region}::runtime:{sha256(self.identifier.encode()).hexdigest()}"

    @property
    def may_create(self) -> bool:
        """Whether AWS creates functions with it."""
        return self.support in (Support.SUPPORTED, Support.PLANNED, Support.DEPRECATED)


class Catalogue:
    """Every identifier there ever was, newest of each family first. folder: where it was read from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        base = _read(folder / "image" / "base.yaml")
        families = [_read(path) for path in sorted(folder.glob("*.yaml"))]
        self._runtimes = {runtime.identifier: runtime for family in families for runtime in _runtimes(base, family)}

    def get(self, identifier: str) -> Runtime | None:
        return self._runtimes.get(identifier)

    def nearest(self, written: str) -> str | None:
        """What is spelled most like it of those that may be created; of several the newest that AWS supports."""
        from difflib import SequenceMatcher  # here: mistakes alone need it

        def likeness(runtime: Runtime) -> tuple[float, bool]:
            begins = len(written) > 1 and runtime.identifier.startswith(written)  # `python`, `nodejs22`
            ratio = 1.0 if begins else SequenceMatcher(None, runtime.identifier, written).ratio()
            return ratio, runtime.support is Support.SUPPORTED

        best = max((runtime for runtime in self if runtime.may_create), key=likeness)
        return best.identifier if likeness(best)[0] >= ALIKE else None

    def recipe_of(self, family: str) -> Recipe:
        """Of any of a family that has one, for what all of them have in common."""
        return next(one.recipe for one in self if one.family == family and one.recipe is not None)

    def __iter__(self) -> Iterator[Runtime]:
        return iter(self._runtimes.values())


@cache
def catalogue() -> Catalogue:
    """The catalogue of this installation: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "_runtimes"
    return Catalogue(inside if inside.is_dir() else package.parent / "runtimes")


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return dict(yaml.load(file, _LOADER))


def _runtimes(base: Mapping[str, Any], family: Mapping[str, Any]) -> Iterator[Runtime]:
    """What a family's file says of each runtime, upon what it says of all, upon what holds for every family."""
    common = _merge(base, {name: value for name, value in family.items() if name != "runtimes"})
    for identifier, own in family["runtimes"].items():
        facts = _fill(_merge(common, own), _words(identifier))
        yield Runtime(
            identifier=identifier,
            family=facts["family"],
            image=facts["image"],
            build=facts["build"],
            os=facts["os"],
            support=Support(facts.get("support", "supported")),
            until=facts.get("until"),
            environment=MappingProxyType(facts["environment"]),
            recipe=read_recipe(facts["recipe"]) if "recipe" in own else None,
            old_names=MappingProxyType(facts.get("old_names", {})),
            differs=MappingProxyType({row: how for row, how in facts.get("differs", {}).items() if how}),
            label=facts.get("label"),
            lacks=MappingProxyType(facts.get("lacks", {})),
        )


def _merge(below: Any, above: Any) -> Any:
    """Mappings member by member, lists one after the other; of anything else, what is above."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        both = {name: _merge(below[name], above[name]) for name in below.keys() & above.keys()}
        return {**below, **above, **both}
    if isinstance(below, list) and isinstance(above, list):
        return below + above
    return above


def _words(identifier: str) -> dict[str, str]:
    """What `{...}` in the data stands for."""
    major, minor, *_ = [*re.findall(r"\d+", identifier), "", ""]
    return {"identifier": identifier, "major": major, "minor": minor}


def _fill(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda match: words[match[1]], value) if "{" in value else value
    if isinstance(value, Mapping):
        return {name: _fill(member, words) for name, member in value.items()}
    return tuple(_fill(member, words) for member in value) if isinstance(value, list) else value
