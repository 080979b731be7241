"""`resources: apis` of the project file: APIs from documents of OpenAPI. docs/project.md#apis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from function_url_rig import Got, ask
from own import OwnLam, own_emulator

from lambda_emu.project import ProjectError, read_project

WHO = """
def handler(event, context):
    return {"statusCode": 200, "body": f"{context.function_name} {event.get('resource') or event['routeKey']}"}
"""
FUNCTIONS = "functions:\n" + "".join(
    f"  {name}: {{runtime: python3.11, handler: app.handler, code: src}}\n" for name in ("first", "second")
)
OWN = "x-amazon-apigateway-"
REST_URI = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${%s.Arn}/invocations"


def document(**routes: str) -> dict[str, Any]:
    """By path: the function's address as the document has it."""
    told = {"type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0"}
    paths = {f"/{path}": {"get": {f"{OWN}integration": {**told, "uri": uri}}} for path, uri in routes.items()}
    return {"openapi": "3.0.1", "info": {"title": "anything", "version": "1"}, "paths": paths}


class Account:
    """One emulator, to which projects are deployed one after the other."""

    def __init__(self, lam: OwnLam, folder: Path) -> None:
        self.lam = lam
        self.folder = folder

    def deploy(self, apis: str, **documents: dict[str, Any]) -> set[tuple[str, str]]:
        """What was done to which kinds."""
        for name, told in documents.items():
            (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(told))
        (self.folder / "lambda-emu.yaml").write_text(f"{FUNCTIONS}resources: {{apis: {{{apis}}}}}\n")
        changes = self.lam.emulator.deploy(read_project(self.folder))
        return {(change.action.name, change.key.kind) for change in changes if change.action.name != "LEAVE"}

    def ask(self, name: str, path: str) -> Got:
        [address] = [where for what, where in self.lam.emulator.addresses if what == f"API {name}"]
        return ask(address.rstrip("/"), path=path)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(WHO)
    with own_emulator(tmp_path, "process", stems=0) as lam:
        yield Account(lam, tmp_path)


@pytest.mark.parametrize(("kind", "uri"), [("rest", REST_URI), ("http", "${%s.Arn}")])
def test_a_document_is_an_api_that_leads_to_the_projects_functions(account: Account, kind: str, uri: str) -> None:
    apis = f"pets: {{openapi: pets.yaml, kind: {kind}}}"
    shown = "/a" if kind == "rest" else "GET /a"
    first = account.deploy(apis, pets=document(a=uri % "first", b=uri % "second"))

    assert ("CREATE", "imported API") in first
    assert account.ask("pets", "/a").body.decode() == f"first {shown}"
    assert account.ask("pets", "/b").status == 200
    assert account.deploy(apis) == set()

    assert ("UPDATE", "imported API") in account.deploy(apis, pets=document(a=uri % "second"))

    assert account.ask("pets", "/a").body.decode() == f"second {shown}"
    assert account.ask("pets", "/b").status == (403 if kind == "rest" else 404)
    assert ("REMOVE", "imported API") in account.deploy("")
    assert not [what for what, _ in account.lam.emulator.addresses if what.startswith("API ")]


def test_an_api_of_another_kind_or_stage_takes_its_place(account: Account) -> None:
    account.deploy("pets: {openapi: pets.yaml}", pets=document(a=REST_URI % "first"))
    assert account.ask("pets", "/a").status == 200

    account.deploy("pets: {openapi: pets.yaml, stage: live}")
    assert account.ask("pets", "/a").status == 200
    account.deploy("pets: {openapi: pets.yaml, kind: http}", pets=document(a="${first.Arn}"))

    assert account.ask("pets", "/a").body.decode() == "first GET /a"


def test_what_api_gateway_refuses_of_a_document_is_told_with_its_line(account: Account) -> None:
    for told in (document(a="nonsense"), {"a": "b"}):
        with pytest.raises(ProjectError) as refused:
            account.deploy("pets: {openapi: pets.yaml}", pets=told)

        assert "lambda-emu.yaml:4: resources.apis.pets" in str(refused.value)
        assert "BadRequestException" in str(refused.value)


@pytest.mark.parametrize(
    ("apis", "mistake"),
    [
        ("pets: {openapi: none.yaml}", "none.yaml does not exist"),
        ("pets: {openapi: src}", "src must be a file"),
        ("pets: {}", "openapi"),
        ("pets: {openapi: pets.yaml, kind: soap}", "rest"),
        ("'a b': {openapi: pets.yaml}", "letters"),
    ],
)
def test_mistakes_of_declarations_are_told(tmp_path: Path, apis: str, mistake: str) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "pets.yaml").write_text(json.dumps(document()))
    (tmp_path / "lambda-emu.yaml").write_text(f"{FUNCTIONS}resources: {{apis: {{{apis}}}}}\n")

    with pytest.raises(ProjectError, match=mistake):
        read_project(tmp_path)
