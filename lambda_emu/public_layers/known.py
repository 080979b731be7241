"""What is known of layers by their name: what there is to fetch for them. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from lambda_emu.architectures import ARCHITECTURES
from lambda_emu.arn import parse_layer_arn
from lambda_emu.model.function.extensions import INSIGHTS, SECRETS, has_extension
from lambda_emu.model.layers.sources import NPM, PIP, LayerSource
from lambda_emu.public_layers.powertools import (
    FIRST_MODULES,
    MODULES,
    PYTHON_2,
    PYTHON_3,
    SCOPE,
    TYPESCRIPT_1,
    TYPESCRIPT_2,
    release_of,
)

PYTHON = "3.12"
"""Of a layer for several, where nobody says for which."""
X86_64, ARM64 = ARCHITECTURES
OF_RUNTIME = ("boto3*", "botocore*", "s3transfer*", "bin")
"""What the layer of Powertools leaves out, as each function has it."""


class ForFunction(Struct, frozen=True):
    """Of whom a layer is asked for, as far as it is known. runtime: its identifier; None: of any."""

    runtime: str | None = None
    architecture: str = X86_64


ANY_FUNCTION = ForFunction()


class Contents(Struct, frozen=True):
    """What a layer is made of: one of pip, npm, or else a text that nobody reads.

    pip: requirements, of packages without `leave_out`; python, architecture: for whom. npm: packages, of which those
    in `optional` may be missing. is_sure: whether this is the version that the layer has.
    """

    title: str
    pip: Sequence[str] = ()
    python: str = PYTHON
    architecture: str = X86_64
    leave_out: Sequence[str] = ()
    npm: Sequence[str] = ()
    optional: Sequence[str] = ()
    is_sure: bool = True


Known = Callable[[re.Match[str], int, ForFunction], Contents]


def _python_3(name: re.Match[str], number: int, _: ForFunction) -> Contents:
    version, is_sure = release_of(PYTHON_3, number)
    python, architecture = f"3.{name[1]}", name[2]
    return _powertools_for_python(version, python, architecture, is_sure=is_sure)


def _python_2(name: re.Match[str], _: int, function: ForFunction) -> Contents:
    architecture = ARM64 if name[1] else X86_64
    return _powertools_for_python(PYTHON_2, _python_of(function), architecture, "pydantic<2", is_sure=False)


def _powertools_for_python(version: str, python: str, architecture: str, *more: str, is_sure: bool) -> Contents:
    title, asked = f"aws-lambda-powertools {version}", f"aws-lambda-powertools[all]=={version}"
    return Contents(title, (asked, *more), python, architecture, OF_RUNTIME, is_sure=is_sure)


def _typescript_2(_: re.Match[str], number: int, __: ForFunction) -> Contents:
    version, is_sure = release_of(TYPESCRIPT_2, number)
    return _powertools_for_typescript(version, MODULES, is_sure=is_sure)


def _typescript_1(_: re.Match[str], __: int, ___: ForFunction) -> Contents:
    return _powertools_for_typescript(TYPESCRIPT_1, FIRST_MODULES, is_sure=False)


def _powertools_for_typescript(version: str, modules: Sequence[str], *, is_sure: bool) -> Contents:
    first, *others = [f"{SCOPE}/{module}@{version}" for module in modules]
    return Contents(f"{SCOPE} {version}", npm=(first,), optional=others, is_sure=is_sure)


NAMES: Sequence[tuple[str, Known]] = (
    (r"AWSLambdaPowertoolsPythonV3-python3(\d{1,2})-(x86_64|arm64)", _python_3),
    (r"AWSLambdaPowertoolsPythonV2(-Arm64)?", _python_2),
    (r"AWSLambdaPowertoolsTypeScriptV2", _typescript_2),
    (r"AWSLambdaPowertoolsTypeScript", _typescript_1),
)


def is_known(arn: str, sources: Sequence[LayerSource]) -> bool:
    """Whether something stands for the layer version of this ARN. sources: what a setting says."""
    return any(source.stands_for(arn) for source in sources) or contents_of(arn, ANY_FUNCTION) is not None


def contents_of(arn: str, function: ForFunction) -> Contents | None:
    """What is to be fetched; None: it is not known."""
    try:
        id, number = parse_layer_arn(arn)
    except ValueError:
        return None
    if has_extension([arn], SECRETS) or has_extension([arn], INSIGHTS):
        return Contents(id.name)
    for pattern, known in NAMES:
        if number and (match := re.fullmatch(pattern, id.name, re.ASCII)):
            return known(match, number, function)
    return None


def contents_of_package(source: LayerSource, function: ForFunction) -> Contents:
    """Of one that a setting names."""
    if source.what.startswith(NPM):
        return Contents(source.what, npm=(source.what.removeprefix(NPM),))
    wheel = source.what.removeprefix(PIP)
    return Contents(source.what, (wheel,), _python_of(function), function.architecture)


def _python_of(function: ForFunction) -> str:
    runtime = function.runtime or ""
    return runtime.removeprefix("python") if runtime.startswith("python3") else PYTHON
