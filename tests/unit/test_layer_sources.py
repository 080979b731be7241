"""Which layers of others are known, and how a user says what others hold. docs/layers.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_emu.model.layers.sources import LAYER_SOURCES, LayerSource
from lambda_emu.public_layers.known import ForFunction, contents_of, contents_of_package, is_known

PYTHON = "arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-arm64"
TYPESCRIPT = "arn:aws:lambda:eu-west-1:094274105915:layer:AWSLambdaPowertoolsTypeScriptV2"
THEIRS = "arn:aws:lambda:us-east-1:111122223333:layer:words:3"


@pytest.mark.parametrize(
    ("number", "release", "is_sure"),
    [(1, "3.0.0", True), (3, "3.2.0", True), (5, "3.4.0", True), (6, "3.4.1", True), (999, "3.31.1", False)],
)
def test_a_layer_version_of_powertools_has_the_release_that_it_was_published_with(
    number: int, release: str, is_sure: bool
) -> None:
    contents = contents_of(f"{PYTHON}:{number}", ForFunction())

    assert contents is not None
    assert (contents.pip, contents.is_sure) == ((f"aws-lambda-powertools[all]=={release}",), is_sure)
    assert (contents.python, contents.architecture) == ("3.13", "arm64")


@pytest.mark.parametrize(("number", "release"), [(21, "2.15.0"), (39, "2.28.0"), (47, "2.33.0")])
def test_so_has_one_of_typescript(number: int, release: str) -> None:
    contents = contents_of(f"{TYPESCRIPT}:{number}", ForFunction())

    assert contents is not None
    assert contents.npm == (f"@aws-lambda-powertools/logger@{release}",)
    assert f"@aws-lambda-powertools/parser@{release}" in contents.optional


@pytest.mark.parametrize(
    "arn",
    ["arn:aws:lambda:us-east-1:1:layer:words:3", f"{PYTHON}", THEIRS, "arn:aws:lambda:::awslayer:AmazonLinux1803"],
)
def test_others_are_not_known(arn: str) -> None:
    assert not is_known(arn, ())


@pytest.mark.parametrize(
    ("layer", "is_meant"),
    [
        ("words", True),
        ("words:3", True),
        ("words:4", False),
        ("word", False),
        (THEIRS, True),
        ("arn:aws:lambda:*:111122223333:layer:words", True),
        ("arn:aws:lambda:*:*:layer:words:3", True),
        ("arn:aws:lambda:*:444455556666:layer:words", False),
    ],
)
def test_a_setting_names_layers_by_name_or_arn(layer: str, is_meant: bool) -> None:
    (source,) = LAYER_SOURCES.parse(f"{layer}=./folder")

    assert source == LayerSource(layer, "./folder")
    assert source.stands_for(THEIRS) is is_meant


@pytest.mark.parametrize(
    "written",
    ["words", "words=", "words=pip:", "words=pip:--index-url", "words=npm:../up", "w*=x", "a=b\0", "words=pip:x==1;y"],
)
def test_what_is_no_such_pair_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        LAYER_SOURCES.parse(written)


def test_a_package_is_had_for_the_function_that_is_to_mount_it() -> None:
    python, node = LAYER_SOURCES.parse("a=pip:words[more]==1.2, b=npm:@scope/words@1.2.3")
    function = ForFunction("python3.10", "arm64")

    wheels, modules = contents_of_package(python, function), contents_of_package(node, function)

    assert (wheels.pip, wheels.python, wheels.architecture) == (("words[more]==1.2",), "3.10", "arm64")
    assert modules.npm == ("@scope/words@1.2.3",)
    assert LayerSource("a", "x/y").placed(Path("/work")).what == "/work/x/y"
    assert python.placed(Path("/work")) == python
