from pathlib import Path
from textwrap import dedent
from zipfile import ZipFile

import pytest
from msgspec.structs import replace

from lambda_emu.project import DeclaredFunction, Project, ProjectError, read_project


def write(folder: Path, text: str) -> Path:
    """A project with the folder src, the layer words.zip and this file."""
    (folder / "src").mkdir(exist_ok=True)
    with ZipFile(folder / "words.zip", "w") as zip_file:
        zip_file.writestr("python/words.py", "")
    file = folder / "lambda-emu.yaml"
    file.write_text(dedent(text).lstrip("\n"))
    return file


def mistakes(file: Path) -> list[str]:
    with pytest.raises(ProjectError) as raised:
        read_project(file)
    return str(raised.value).splitlines()


LINES = {"runtime": 3, "handler": 4, "code": 5}


def mistakes_of(folder: Path, key: str, value: str) -> list[str]:
    """What is said of a function that is right but for this key, which stands in its line of LINES or in line 6."""
    keys = {"runtime": "python3.11", "handler": "app.handler", "code": "src", key: value}
    members = "".join(f"    {name}: {written}\n" for name, written in keys.items())
    return mistakes(write(folder, f"functions:\n  f:\n{members}"))


def test_a_folder_without_the_file_is_an_empty_project(tmp_path: Path) -> None:
    assert read_project(tmp_path) == Project(tmp_path)


@pytest.mark.parametrize("text", ["", "# nothing yet", "functions:", "functions: {}", "settings: {port: 1}", "{}"])
def test_a_file_may_declare_nothing(tmp_path: Path, text: str) -> None:
    assert read_project(write(tmp_path, text)) == Project(tmp_path)


def test_what_is_left_out_has_lambdas_defaults(tmp_path: Path) -> None:
    write(tmp_path, "functions: {f: {runtime: python3.11, handler: app.handler, code: src}}")

    (function,) = read_project(tmp_path).functions

    assert replace(function, places={}) == DeclaredFunction(
        name="f",
        runtime="python3.11",
        handler="app.handler",
        code=tmp_path / "src",
        memory_mb=128,
        timeout_s=3,
        ephemeral_storage_mb=512,
        environment=None,
        layers=(),
        reserved_concurrency=None,
        architecture="x86_64",
        description="",
        role=None,
        log_format="Text",
        tags={},
    )


def test_every_key_is_read(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
        functions:
          f:
            runtime: python3.11
            handler: app.handler
            code: words.zip
            memory: 256
            timeout: 30
            ephemeral_storage: 1024
            environment: {PORT: 080, DEBUG: yes, EMPTY: ''}
            layers: [src, words.zip]
            reserved_concurrency: 0
            architectures: [arm64]
            description: |
              Two
              lines
            role: arn:aws:iam::123456789012:role/mine
            log_format: JSON
            tags: {team: blue}
        """,
    )

    (function,) = read_project(file).functions

    assert replace(function, places={}) == DeclaredFunction(
        name="f",
        runtime="python3.11",
        handler="app.handler",
        code=tmp_path / "words.zip",
        memory_mb=256,
        timeout_s=30,
        ephemeral_storage_mb=1024,
        environment={"PORT": "080", "DEBUG": "yes", "EMPTY": ""},
        layers=(tmp_path / "src", tmp_path / "words.zip"),
        reserved_concurrency=0,
        architecture="arm64",
        description="Two\nlines\n",
        role="arn:aws:iam::123456789012:role/mine",
        log_format="JSON",
        tags={"team": "blue"},
        places={},
    )


def test_functions_can_share_what_an_anchor_names(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
        functions:
          one: &one
            runtime: python3.11
            handler: app.one
            code: src
            memory: 512
          two:
            <<: *one
            handler: app.two
        """,
    )

    one, two = read_project(file).functions

    assert (one.handler, two.handler) == ("app.one", "app.two")
    assert (one.memory_mb, two.memory_mb) == (512, 512)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("memroy", "128", ": unknown key; did you mean 'memory'?"),
        ("memory", "127", ": '127' must be a whole number of MB from 128 to 10240"),
        ("memory", "10241", ": '10241' must be a whole number of MB from 128 to 10240"),
        ("memory", "1.5e3", ": '1.5e3' must be a whole number of MB from 128 to 10240"),
        ("memory", "[128]", ": must be a whole number of MB from 128 to 10240"),
        ("memory", "", ": must be a whole number of MB from 128 to 10240"),
        ("timeout", "0", ": '0' must be a whole number of seconds from 1 to 900"),
        ("timeout", "901", ": '901' must be a whole number of seconds from 1 to 900"),
        ("ephemeral_storage", "511", ": '511' must be a whole number of MB from 512 to 10240"),
        ("reserved_concurrency", "901", ": '901' must be a whole number from 0 to 900"),
        ("runtime", "python3.1", ": 'python3.1' is not a runtime; did you mean 'python3.14'?"),
        ("runtime", "nodejs22", ": 'nodejs22' is not a runtime; did you mean 'nodejs22.x'?"),
        ("runtime", "nodejs23.x", ": 'nodejs23.x' is not a runtime; did you mean 'nodejs24.x'?"),
        ("runtime", "java21.x", ": 'java21.x' is not a runtime; did you mean 'java21'?"),
        (
            "runtime",
            "rust",
            ": 'rust' is not a runtime; `lambda-emu runtimes list` shows them; Go, Rust and C++ run on provided.al2023",
        ),
        ("runtime", "python2.7", ": Lambda no longer creates functions with python2.7: take python3.14 or python3.13"),
        ("runtime", "provided", ": Lambda no longer creates functions with provided: take provided.al2023"),
        (
            "runtime",
            "go1.x",
            ": Lambda no longer creates functions with go1.x: Go, Rust and C++ run on provided.al2023",
        ),
        ("runtime", "", ": must be a runtime that `lambda-emu runtimes list` shows"),
        ("handler", "app handler", ": 'app handler' must be up to 128 characters without spaces"),
        ("runtime", "'3.12'", ": '3.12' is not a runtime; did you mean 'python3.12'?"),
        ("code", "nowhere", ": nowhere does not exist"),
        ("code", "target/shop.jar", ": target/shop.jar does not exist: build it first"),
        ("code", "lambda-emu.yaml", ": lambda-emu.yaml must be a folder, a .zip or a .jar file"),
        ("code", '"src\\0"', r": 'src\x00' must be a path"),
        ("layers", "src", ": must be a list"),
        ("layers", "[src, ./src]", "[1]: src is mounted twice"),
        ("layers", "[nowhere]", "[0]: nowhere does not exist"),
        ("environment", "[A=1]", ": must be a mapping"),
        ("environment", "{A: 1}", ".A: 'A' must be letters, digits and _, two or more, a letter first"),
        ("environment", "{NAME: [1]}", ".NAME: must be a text"),
        ("environment", "{NAME: }", ".NAME: must be a text"),
        ("architectures", "[x86_64, arm64]", ": must be a list with one of x86_64, arm64"),
        ("architectures", "[sparc]", "[0]: 'sparc' must be one of x86_64, arm64"),
        ("log_format", "text", ": 'text' must be one of Text, JSON"),
        ("role", "an admin", ": 'an admin' must be the name or the ARN of a role"),
        ("description", "x" * 257, f": '{'x' * 257}' must be a text of up to 256 characters"),
    ],
)
def test_a_mistake_names_file_line_and_key_and_says_what_is_allowed(
    tmp_path: Path, key: str, value: str, said: str
) -> None:
    place = f"lambda-emu.yaml:{LINES.get(key, 6)}: functions.f.{key}"

    assert mistakes_of(tmp_path, key, value) == [place + said]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{AWS_REGION: x}", "Reserved keys used in this request: AWS_REGION"),
        (f"{{LONG: {'x' * 4096}}}", "exceeded the 4KB limit"),
    ],
)
def test_the_environment_keeps_lambdas_rules(tmp_path: Path, value: str, said: str) -> None:
    (found,) = mistakes_of(tmp_path, "environment", value)

    assert found.startswith("lambda-emu.yaml:6: functions.f.environment: Lambda was unable to configure")
    assert said in found


def test_all_mistakes_are_told_at_once_from_top_to_bottom(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
        functions:
          hello:
            runtime: python3.11
            handler: app.handler
            handler: app.other
            code: nowhere
          bad name:
            runtime: python3.11
          hello: {}
          number: 3
          empty:
            runtime: python3.11
            handler: app.handler
        fnctions: {}
        """,
    )

    assert mistakes(file) == [
        "lambda-emu.yaml:5: functions.hello.handler: written twice, first in line 4",
        "lambda-emu.yaml:6: functions.hello.code: nowhere does not exist",
        "lambda-emu.yaml:7: functions.bad name: 'bad name' must be 1 to 64 letters, digits, - and _",
        "lambda-emu.yaml:7: functions.bad name: handler is missing; must be up to 128 characters without spaces",
        "lambda-emu.yaml:7: functions.bad name: code is missing; must be a folder, a .zip or a .jar file",
        "lambda-emu.yaml:9: functions.hello: written twice, first in line 2",
        "lambda-emu.yaml:10: functions.number: must be a mapping",
        "lambda-emu.yaml:11: functions.empty: code is missing; must be a folder, a .zip or a .jar file",
        "lambda-emu.yaml:14: fnctions: unknown key; did you mean 'functions'?",
    ]


def test_functions_together_leave_something_unreserved(tmp_path: Path) -> None:
    common = "{runtime: python3.11, handler: app.handler, code: src, reserved_concurrency: 500}"

    found = mistakes(write(tmp_path, f"functions:\n  one: {common}\n  two: {common}\n"))

    assert found == [
        "lambda-emu.yaml:3: functions.two: reserved_concurrency adds up to 1000; must be at most 900 in all"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("functions: {", "lambda-emu.yaml:1: not YAML: "),
        ("a: 1\n\tb: 2\n", "lambda-emu.yaml:2: not YAML: "),
        ("a: *nobody", "lambda-emu.yaml:1: not YAML: found undefined alias"),
        ("a: 1\n---\nb: 2", "lambda-emu.yaml:2: not YAML: "),
        ("a: \x00", "lambda-emu.yaml:1: not YAML: "),
        ("[" * 10_000, "lambda-emu.yaml:1: nested too deep"),
        ("- a", "lambda-emu.yaml:1: must be a mapping"),
        ("functions: {f: }", "lambda-emu.yaml:1: functions.f: runtime is missing"),
        ("functions: [a]", "lambda-emu.yaml:1: functions: must be a mapping"),
        ("functions: {[a]: 1}", "lambda-emu.yaml:1: functions: a key must be a text"),
        ("functions: &f {<<: *f}", "lambda-emu.yaml:1: functions.<<: must be a mapping"),
    ],
)
def test_what_cannot_be_understood_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    found = mistakes(write(tmp_path, text))

    assert found[0].startswith(said)


def test_a_file_that_cannot_be_opened_is_a_mistake(tmp_path: Path) -> None:
    assert mistakes(tmp_path / "missing.yaml") == ["missing.yaml:1: cannot be read: No such file or directory"]


def test_code_may_be_a_jar(tmp_path: Path) -> None:
    project = write(tmp_path, "functions: {f: {runtime: java21, handler: shop.Orders, code: shop.jar}}")
    (tmp_path / "words.zip").rename(tmp_path / "shop.jar")

    (function,) = read_project(project).functions

    assert function.code == tmp_path / "shop.jar"
