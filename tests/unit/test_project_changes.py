"""What a deployment does to what is there: by the operations of the API, each change told, none made twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_rig import ACCOUNT, REGION, ROLE, Activations, make_context, zipped
from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.operations import call
from lambda_emu.api.recent_changes import RecentChanges
from lambda_emu.clock import Clock
from lambda_emu.errors.resources import FunctionNotFound, UpdateInProgress
from lambda_emu.project import ProjectError, read_project
from lambda_emu.project.deploy import apply, deploy, find_all
from lambda_emu.project.desired import make_resources
from lambda_emu.project.kinds import KINDS, ResourceKind
from lambda_emu.project.resources import Present, Reference, Resource, ResourceKey
from lambda_emu.store import Store

HELLO = "runtime: python3.11, handler: app.handler, code: src"
EVERYTHING = f"""{HELLO}, memory: 256, timeout: 30, ephemeral_storage: 1024, environment: {{NAME: Ada}},
    layers: [words], reserved_concurrency: 5, architectures: [arm64], description: Greets, log_format: JSON,
    role: "{ROLE}", tags: {{team: blue}}"""


class Account(Struct, frozen=True):
    """An account with a project's folder: code in src, a layer in words."""

    folder: Path
    context: RequestContext
    activations: Activations

    def deploy(self, functions: str) -> list[tuple[str, str]]:
        """Deploy functions, written as in `functions:`, and make them Active; what was done to what."""
        (self.folder / "lambda-emu.yaml").write_text(f"functions:\n{functions}\n")
        changes = deploy(read_project(self.folder), self.context)
        for function in self.context.store.functions.all(self.context.scope):
            self.activations.activate(function.id)
        self.activations.finish()
        return [(change.action.name, change.key.kind) for change in changes]

    def call(self, operation: str, **members: Any) -> dict[str, Any]:
        return call(operation, members, self.context)

    def create(self, name: str) -> None:
        """A function of somebody else, made through the API."""
        code = {"ZipFile": zipped({"app.py": ""})}
        self.call("CreateFunction", FunctionName=name, Runtime="python3.13", Handler="a.b", Role=ROLE, Code=code)

    def settings(self, name: str) -> dict[str, Any]:
        return self.call("GetFunctionConfiguration", FunctionName=name)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("def handler(event, context): return 1\n")
    (tmp_path / "words" / "python").mkdir(parents=True)
    (tmp_path / "words" / "python" / "words.py").write_text("GREETING = 'Hello'\n")
    clock, store = Clock(), Store.open(tmp_path / "data")
    activations = Activations(store, clock)
    yield Account(tmp_path, replace(make_context(store, clock, activations), account_known=True), activations)
    store.close()


@pytest.mark.parametrize("declared", [HELLO, EVERYTHING, f"{HELLO}, environment: {{}}, layers: []"])
def test_a_second_deployment_changes_nothing(account: Account, declared: str) -> None:
    first = account.deploy(f"  hello: {{{declared}}}")
    before = account.context.store.functions.all(account.context.scope)

    again = account.deploy(f"  hello: {{{declared}}}")

    assert {action for action, _ in first} == {"CREATE"}
    assert again == [("LEAVE", kind) for _, kind in first]
    assert account.context.store.functions.all(account.context.scope) == before


def test_a_project_waits_for_no_change_and_lets_nobody_wait(account: Account) -> None:
    """Where a second change by the API is refused until somebody has asked for the first."""
    held = replace(account, context=replace(account.context, changes=RecentChanges(account.context.clock, 3600)))
    held.deploy(f"  hello: {{{EVERYTHING}}}")
    (held.folder / "src" / "app.py").write_text("def handler(event, context): return 2\n")

    changed = held.deploy(f"  hello: {{{EVERYTHING.replace('256', '512').replace('blue', 'red')}}}")
    held.call("UpdateFunctionConfiguration", FunctionName="hello", Timeout=31)

    assert ("UPDATE", "function") in changed
    with pytest.raises(UpdateInProgress):
        held.call("UpdateFunctionConfiguration", FunctionName="hello", Timeout=32)


def test_a_layer_of_a_project_is_a_layer_of_the_account(account: Account) -> None:
    account.deploy(f"  hello: {{{HELLO}, layers: [words]}}\n  again: {{{HELLO}, layers: [words]}}")

    (mounted,) = account.settings("hello")["Layers"]
    (listed,) = account.call("ListLayers")["Layers"]
    assert listed["LatestMatchingVersion"]["LayerVersionArn"] == mounted["Arn"]
    assert account.call("GetLayerVersionByArn", Arn=mounted["Arn"])["Content"]["CodeSize"] == mounted["CodeSize"]


def test_a_changed_layer_is_its_next_version_and_the_functions_mount_it(account: Account) -> None:
    declared = f"  hello: {{{HELLO}, layers: [words]}}"
    account.deploy(declared)
    (account.folder / "words" / "python" / "words.py").write_text("GREETING = 'Moin'\n")

    changes = account.deploy(declared)

    assert changes == [("UPDATE", "layer"), ("UPDATE", "function")]
    (version,) = account.call("ListLayerVersions", LayerName="words")["LayerVersions"]
    assert version["Version"] == 2
    assert [layer["Arn"] for layer in account.settings("hello")["Layers"]] == [version["LayerVersionArn"]]


def test_a_layer_that_nothing_declares_goes_but_for_versions_of_others(account: Account) -> None:
    theirs = account.call("PublishLayerVersion", LayerName="words", Content={"ZipFile": zipped({"x": ""})})
    account.deploy(f"  hello: {{{HELLO}, layers: [words]}}")

    changes = account.deploy(f"  hello: {{{HELLO}}}")

    assert changes == [("UPDATE", "function"), ("REMOVE", "layer")]
    versions = account.call("ListLayerVersions", LayerName="words")["LayerVersions"]
    assert [version["Version"] for version in versions] == [theirs["Version"]]


def test_a_function_deployed_before_its_layers_were_kept_stays_the_deployment_it_is(account: Account) -> None:
    declared = f"  hello: {{{HELLO}, layers: [words]}}"
    account.deploy(declared)
    store, scope = account.context.store, account.context.scope
    store.write(lambda transaction: transaction.put(store.layers, scope, "words", None))
    before = account.settings("hello")

    account.deploy(declared)

    assert account.settings("hello") == before
    assert account.call("ListLayerVersions", LayerName="words")["LayerVersions"][0]["Version"] == 1


def test_functions_exchange_what_they_reserve(account: Account) -> None:
    account.deploy(f"  one: {{{HELLO}, reserved_concurrency: 800}}\n  two: {{{HELLO}, reserved_concurrency: 100}}")
    before = account.settings("one")

    account.deploy(f"  one: {{{HELLO}, reserved_concurrency: 100}}\n  two: {{{HELLO}, reserved_concurrency: 800}}")

    reserved = [account.call("GetFunctionConcurrency", FunctionName=name) for name in ("one", "two")]
    assert [one["ReservedConcurrentExecutions"] for one in reserved] == [100, 800]
    assert account.settings("one") == before


def test_a_new_function_has_what_one_that_goes_had_reserved(account: Account) -> None:
    account.deploy(f"  one: {{{HELLO}, reserved_concurrency: 800}}")

    account.deploy(f"  two: {{{HELLO}, reserved_concurrency: 800}}")

    assert account.call("GetFunctionConcurrency", FunctionName="two") == {"ReservedConcurrentExecutions": 800}
    with pytest.raises(FunctionNotFound):
        account.settings("one")


def test_what_the_api_changed_is_as_declared_again(account: Account) -> None:
    account.deploy(f"  hello: {{{HELLO}}}")
    account.call("UpdateFunctionConfiguration", FunctionName="hello", TracingConfig={"Mode": "Active"}, Timeout=9)
    account.activations.finish()

    assert account.deploy(f"  hello: {{{HELLO}}}") == [("UPDATE", "function")]

    shown = account.settings("hello")
    assert (shown["TracingConfig"], shown["Timeout"]) == ({"Mode": "PassThrough"}, 3)


def test_a_change_that_is_refused_is_told_with_its_line_and_all_others_are_made(account: Account) -> None:
    account.create("theirs")
    account.call("PutFunctionConcurrency", FunctionName="theirs", ReservedConcurrentExecutions=500)
    other = "arn:aws:iam::210987654321:role/other"

    with pytest.raises(ProjectError) as raised:
        account.deploy(
            f"  hello:\n    {{{HELLO},\n    reserved_concurrency: 500}}\n"
            f'  other: {{{HELLO}, role: "{other}"}}\n  third: {{{HELLO}}}'
        )

    texts = [re.sub(r": (Specified|Cross-account).*", r": \1 …", text) for text in raised.value.mistakes]
    assert texts == [
        "lambda-emu.yaml:5: functions.other: Cross-account …",
        "lambda-emu.yaml:4: functions.hello.reserved_concurrency: Specified …",
    ]
    assert account.settings("hello")["FunctionName"] == "hello"
    assert account.settings("third")["FunctionName"] == "third"


def test_what_needs_a_refused_change_is_left_out(account: Account) -> None:
    role = "arn:aws:iam::210987654321:role/other"

    with pytest.raises(ProjectError) as raised:
        account.deploy(f'  hello: {{{HELLO}, role: "{role}", reserved_concurrency: 5}}')

    assert len(raised.value.mistakes) == 1


def test_a_project_is_deployed_in_its_account_and_region(account: Account) -> None:
    account.deploy(f"  hello: {{{HELLO}}}")

    assert account.settings("hello")["FunctionArn"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:hello"


def test_a_new_kind_of_resource_is_one_row_of_the_table(account: Account) -> None:
    def remove(present: Present, context: RequestContext) -> None:
        call("DeleteAlias", {"FunctionName": "hello", "Name": present.key.name}, context)

    alias = ResourceKind(
        "aliases",
        find=lambda context: (
            Present(ResourceKey("alias", name), {"Description": alias.description}, function.id.arn(name), "project")
            for function in context.store.functions.all(context.scope)
            for name, alias in function.aliases.items()
        ),
        create=lambda name, members, context: call("CreateAlias", {"Name": name, **members}, context)["AliasArn"],
        update=lambda present, members, context: call("UpdateAlias", {"Name": present.key.name, **members}, context)[
            "AliasArn"
        ],
        remove=remove,
    )
    kinds = {**KINDS, "alias": alias}

    def live(description: str) -> Resource:
        shown = {"Description": description}
        whose = {"FunctionName": Reference(ResourceKey("function", "hello")), "FunctionVersion": "$LATEST"}
        return Resource(ResourceKey("alias", "live"), {**whose, **shown}, shown, "file:9: aliases.live")

    def apply_alias(*aliases: Resource) -> list[tuple[str, str]]:
        present = [one for one in find_all(account.context, kinds) if one.origin == "project"]
        resources = [*aliases, *make_resources(read_project(account.folder), account.context, ())]
        changes = apply(resources, present, account.context, kinds)
        return [(change.action.name, change.key.kind) for change in changes]

    account.deploy(f"  hello: {{{HELLO}}}")
    steps = [apply_alias(live("old")), apply_alias(live("old")), apply_alias(live("new")), apply_alias()]

    function = ("LEAVE", "function")
    assert steps == [
        [function, ("CREATE", "alias")],
        [function, ("LEAVE", "alias")],
        [function, ("UPDATE", "alias")],
        [function, ("REMOVE", "alias")],
    ]
    assert account.call("ListAliases", FunctionName="hello") == {"Aliases": []}
