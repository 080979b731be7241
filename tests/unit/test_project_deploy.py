import re
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from api_rig import Activations, make_context
from msgspec.structs import replace

from lambda_emu.arn import FunctionId, Scope
from lambda_emu.clock import Clock
from lambda_emu.model.function.function import Alias, Function, FunctionState, Progress, UpdateStatus
from lambda_emu.project import ProjectError, read_project
from lambda_emu.project.deploy import deploy
from lambda_emu.store import Store

ACCOUNT, REGION = "123456789012", "eu-west-1"
ACTIVE = Progress(FunctionState.ACTIVE, None, None, UpdateStatus.SUCCESSFUL)
HELLO = "runtime: python3.11, handler: app.handler, code: src"

Deploy = Callable[[str], list[Function]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "data")
    yield store
    store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder with code in src and a layer in words."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("def handler(event, context): return 1\n")
    (tmp_path / "words" / "python").mkdir(parents=True)
    (tmp_path / "words" / "python" / "words.py").write_text("GREETING = 'Hello'\n")
    return tmp_path


@pytest.fixture
def deployed(store: Store, folder: Path) -> Deploy:
    """Deploys functions, written as in `functions:`; they are Active afterwards, as the pool would make them."""

    def deployed(functions: str) -> list[Function]:
        (folder / "lambda-emu.yaml").write_text(f"functions:\n{functions}\n")
        project, clock = read_project(folder), Clock()
        context = make_context(store, clock, Activations(store, clock))
        deploy(project, replace(context, scope=Scope(ACCOUNT, REGION)))
        found = [named(store, declared.name) for declared in project.functions]
        for function in found:
            store.change(function.id, _activated)
        return found

    return deployed


def _activated(function: Function) -> Function:
    latest = replace(function.latest, progress=ACTIVE)
    return replace(function, latest=latest, running=latest)


def named(store: Store, name: str) -> Function:
    function = store.function(FunctionId(ACCOUNT, REGION, name))
    assert function is not None, f"{name} is not there"
    return function


def test_a_new_function_is_pending_until_it_is_activated(deployed: Deploy) -> None:
    (function,) = deployed(f"  hello: {{{HELLO}}}")

    assert function.latest.progress.state is FunctionState.PENDING
    assert function.running == function.latest
    assert function.origin == "project"


def test_everything_declared_arrives(deployed: Deploy, store: Store) -> None:
    deployed(
        f"""
          hello:
            {{{HELLO}, memory: 256, timeout: 30, ephemeral_storage: 1024, environment: {{NAME: Ada}}, layers: [words],
            reserved_concurrency: 5, architectures: [arm64], description: Greets, log_format: JSON,
            role: "arn:aws:iam::123456789012:role/mine", tags: {{team: blue}}}}"""
    )

    function = named(store, "hello")
    version = function.latest
    assert (function.reserved_concurrency, dict(function.tags)) == (5, {"team": "blue"})
    assert (version.memory_mb, version.timeout_s, version.ephemeral_storage_mb) == (256, 30, 1024)
    assert (version.runtime, version.handler, version.architecture) == ("python3.11", "app.handler", "arm64")
    assert version.environment == {"NAME": "Ada"}
    assert [layer.arn for layer in version.layers] == [f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:words:1"]
    assert (version.description, version.role) == ("Greets", "arn:aws:iam::123456789012:role/mine")
    assert (version.logging.log_group, version.logging.log_format) == ("/aws/lambda/hello", "JSON")


def test_a_function_without_a_role_gets_one_of_its_account(deployed: Deploy) -> None:
    (function,) = deployed(f"  hello: {{{HELLO}}}")

    assert function.latest.role == f"arn:aws:iam::{ACCOUNT}:role/lambda-emu"
    assert function.latest.environment is None


def test_what_did_not_change_is_left_alone(deployed: Deploy, store: Store) -> None:
    declared = f"  hello: {{{HELLO}, layers: [words], environment: {{A_B: c}}, tags: {{a: b}}}}"
    deployed(declared)
    before = named(store, "hello")

    (again,) = deployed(declared)

    assert again == before
    assert named(store, "hello") == before


@pytest.mark.parametrize(
    "change",
    [
        "memory: 256",
        "timeout: 4",
        "ephemeral_storage: 513",
        "environment: {NAME: Ada}",
        "environment: {}",
        "layers: [words]",
        "architectures: [arm64]",
        "description: New",
        "log_format: JSON",
        'role: "arn:aws:iam::123456789012:role/mine"',
    ],
)
def test_a_changed_function_is_pending_under_a_new_deployment(deployed: Deploy, store: Store, change: str) -> None:
    deployed(f"  hello: {{{HELLO}}}")
    before = named(store, "hello")

    (changed,) = deployed(f"  hello: {{{HELLO}, {change}}}")

    assert changed.latest.progress.state is FunctionState.PENDING
    assert changed.running == changed.latest
    assert changed.latest.deployment_id != before.latest.deployment_id
    assert changed.latest.revision_id != before.latest.revision_id


@pytest.mark.parametrize("path", ["src/app.py", "words/python/words.py"])
def test_changed_files_are_a_change(deployed: Deploy, folder: Path, path: str) -> None:
    declared = f"  hello: {{{HELLO}, layers: [words]}}"
    (before,) = deployed(declared)
    (folder / path).write_text("# different\n")

    (after,) = deployed(declared)

    assert after.latest.deployment_id != before.latest.deployment_id


def test_tags_and_reserved_concurrency_change_without_a_new_deployment(deployed: Deploy, store: Store) -> None:
    deployed(f"  hello: {{{HELLO}, tags: {{a: b}}}}")
    before = named(store, "hello")

    deployed(f"  hello: {{{HELLO}, reserved_concurrency: 3}}")

    after = named(store, "hello")
    assert (after.reserved_concurrency, dict(after.tags)) == (3, {})
    assert after.latest == before.latest


def test_a_function_that_is_no_longer_declared_is_removed(deployed: Deploy, store: Store) -> None:
    deployed(f"  one: {{{HELLO}}}\n  two: {{{HELLO}}}")

    deployed(f"  two: {{{HELLO}}}")

    assert [function.id.name for function in store.functions.all(Scope(ACCOUNT, REGION))] == ["two"]


def test_what_hangs_on_a_function_stays_when_its_code_changes(deployed: Deploy, store: Store, folder: Path) -> None:
    (before,) = deployed(f"  hello: {{{HELLO}}}")
    store.change(before.id, lambda function: replace(function, aliases={"live": Alias("live", "$LATEST", "r")}))

    (folder / "src" / "app.py").write_text("def handler(event, context): return 2\n")
    (after,) = deployed(f"  hello: {{{HELLO}}}")

    assert after.latest.code != before.latest.code
    assert set(named(store, "hello").aliases) == {"live"}


def test_functions_made_through_the_api_stay(deployed: Deploy, store: Store) -> None:
    (project,) = deployed(f"  hello: {{{HELLO}}}")
    other = FunctionId(ACCOUNT, REGION, "other")
    store.create(replace(project, id=other, latest=replace(project.latest, id=other), origin="api"))

    deployed("  {}")

    assert [function.id.name for function in store.functions.all(Scope(ACCOUNT, REGION))] == ["other"]


def test_every_name_that_the_api_has_taken_is_told_and_nothing_changes(deployed: Deploy, store: Store) -> None:
    declared = f"  new: {{{HELLO}}}\n  one: {{{HELLO}}}\n  two: {{{HELLO}}}"
    for function in deployed(f"  one: {{{HELLO}}}\n  two: {{{HELLO}}}"):
        store.change(function.id, lambda function: replace(function, origin="api"))
    before = store.functions.all(Scope(ACCOUNT, REGION))

    with pytest.raises(ProjectError) as raised:
        deployed(declared)

    why = "is the name of a function made through the API; delete that one, or choose another name"
    assert raised.value.mistakes == (
        f"lambda-emu.yaml:3: functions.one: {why}",
        f"lambda-emu.yaml:4: functions.two: {why}",
    )
    assert store.functions.all(Scope(ACCOUNT, REGION)) == before


def test_a_zip_is_code_too(deployed: Deploy, folder: Path) -> None:
    with ZipFile(folder / "hello.zip", "w") as zip_file:
        zip_file.writestr("app.py", "def handler(event, context): return 1\n")

    (function,) = deployed("  hello: {runtime: python3.11, handler: app.handler, code: hello.zip}")

    assert function.latest.code.size == (folder / "hello.zip").stat().st_size


def test_a_broken_zip_is_told_with_its_line(deployed: Deploy, folder: Path) -> None:
    (folder / "hello.zip").write_bytes(b"not a zip")

    with pytest.raises(ProjectError, match=r"^lambda-emu\.yaml:2: functions\.hello\.code: hello\.zip: "):
        deployed("  hello: {runtime: python3.11, handler: app.handler, code: hello.zip}")


def test_several_functions_change_in_one_start(deployed: Deploy, store: Store, folder: Path) -> None:
    declared = "\n".join(
        f"  {name}: {{runtime: python3.11, handler: app.handler, code: {name}}}" for name in ("one", "two")
    )
    for text in ("1", "2"):
        for name in ("one", "two"):
            (folder / name).mkdir(exist_ok=True)
            (folder / name / "app.py").write_text(f"{name} = {text}\n")
        deployed(declared)

    for name in ("one", "two"):
        assert store.artifacts.zip_path(named(store, name).latest.code.sha256).is_file()


def test_an_unusable_folder_is_told_with_its_line_and_path(deployed: Deploy, folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "src" / "out").symlink_to("/etc")

    with pytest.raises(ProjectError) as raised:
        deployed(f"  one: {{runtime: python3.11, handler: app.handler, code: empty}}\n  two: {{{HELLO}}}")

    assert raised.value.mistakes == (
        f"lambda-emu.yaml:2: functions.one.code: {folder}/empty has no files",
        f"lambda-emu.yaml:3: functions.two.code: {folder}/src/out leads out of {folder}/src, to /etc",
    )


def test_layers_whose_paths_look_alike_are_told_apart(deployed: Deploy, folder: Path) -> None:
    for name in ("a.b", "a-b", "c/b"):
        (folder / name).mkdir(parents=True)
        (folder / name / "x").write_text(name)

    (function,) = deployed(f"  hello: {{{HELLO}, layers: [a.b, a-b, c/b, words]}}")

    layers = function.latest.layers
    assert len({layer.content for layer in layers}) == 4
    names = [layer.arn.split(":layer:")[1] for layer in layers]
    assert [re.sub(r"-[0-9a-f]{8}:", "-HASH:", name) for name in names] == [
        "a-b-HASH:1",
        "a-b:1",
        "c-b-HASH:1",
        "words:1",
    ]
