"""A document of Swagger 2 or OpenAPI 3, as JSON or YAML, of a size that can be looked through."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from msgspec import Struct

MOST_BYTES = 6 * 1024 * 1024
MOST_VALUES = 200_000
"""Aliases of YAML count as often as they are said."""
MOST_DEEP = 100
MOST_REFERENCES = 20
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
OWN = "x-amazon-apigateway-"
"""What the names of API Gateway's extensions begin with."""
ANY = f"{OWN}any-method"
BASE_PATHS = ("ignore", "prepend", "split")
"""What becomes of the base path: nothing, it begins all paths, or so it does without its first segment."""

Members = Mapping[str, Any]


class DocumentInvalid(Exception):
    """It is none, or too large a one. The text is what the caller is told."""


class Operation(Struct, frozen=True):
    """verb: in capitals, or ANY. told: with what its path says for all."""

    verb: str
    path: str
    told: Members


class Document(Struct, frozen=True):
    """is_old: Swagger 2."""

    told: Members
    is_old: bool

    @property
    def info(self) -> Members:
        return members(self.told.get("info"))

    @property
    def server(self) -> Members:
        """The first one that OpenAPI 3 names; empty: it names none."""
        return members(next(iter(listed(self.told.get("servers"))), None))

    def named(self, kind: str) -> Members:
        """What other parts refer to: `schemas`, `securitySchemes`, by their names."""
        if self.is_old:
            return members(self.told.get({"schemas": "definitions", "securitySchemes": "securityDefinitions"}[kind]))
        return members(members(self.told.get("components")).get(kind))

    def resolved(self, value: Any) -> Members:
        """What it refers to, if it does. DocumentInvalid: there is nothing."""
        for _ in range(MOST_REFERENCES):
            reference = value.get("$ref") if isinstance(value, dict) else None
            if not isinstance(reference, str):
                return members(value)
            value = self._at(reference)
        raise DocumentInvalid("References of the document lead in a circle")

    def paths(self) -> list[str]:
        return [path for path in members(self.told.get("paths")) if not path.startswith("x-")]

    def operations(self) -> Iterator[Operation]:
        """DocumentInvalid."""
        for path, told in members(self.told.get("paths")).items():
            if path.startswith("x-"):
                continue
            of_all = self.resolved(told)
            shared = listed(of_all.get("parameters"))
            for name, operation in of_all.items():
                if name in METHODS or name == ANY:
                    verb = "ANY" if name == ANY else name.upper()
                    yield Operation(verb, path, self._with_parameters(members(operation), shared))

    def base_path(self) -> str:
        """As it is told, without a slash at its end; empty: none."""
        if self.is_old:
            found = str(self.told.get("basePath") or "")
        else:
            found = str(self.server.get("url") or "")
            for name, variable in members(self.server.get("variables")).items():
                found = found.replace(f"{{{name}}}", str(members(variable).get("default") or ""))
            found = urlsplit(found).path
        return "/" + found.strip("/") if found.strip("/") else ""

    def prefix(self, base_path: str) -> str:
        """What comes before all paths, as BASE_PATHS say it. DocumentInvalid: it is none of them."""
        if base_path not in BASE_PATHS:
            raise DocumentInvalid(f"Invalid basepath: {base_path}")
        found = self.base_path()
        if base_path == "ignore":
            return ""
        return found if base_path == "prepend" else found[found.find("/", 1) :] if found.count("/") > 1 else ""

    def _with_parameters(self, operation: Members, shared: list[Any]) -> Members:
        if not shared:
            return operation
        own = [self.resolved(one) for one in listed(operation.get("parameters"))]
        known = {(one.get("in"), one.get("name")) for one in own}
        found = [self.resolved(one) for one in shared]
        others = [one for one in found if (one.get("in"), one.get("name")) not in known]
        return {**operation, "parameters": [*others, *own]}

    def _at(self, reference: str) -> Any:
        found: Any = self.told
        begin, *parts = reference.split("/")
        for part in parts if begin == "#" else ["nowhere"]:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        if found is None:
            raise DocumentInvalid(f"Unable to resolve the reference {reference}")
        return found


def read_document(text: str | bytes) -> Document:
    """DocumentInvalid."""
    told = _plain(_parsed(text))
    if not isinstance(told, dict) or not ("swagger" in told or "openapi" in told):
        raise DocumentInvalid("Invalid OpenAPI input.")
    is_old = "swagger" in told
    version = str(told["swagger" if is_old else "openapi"])
    if not version.startswith("2." if is_old else "3."):
        raise DocumentInvalid(f"Unsupported version of OpenAPI: {version}")
    if not isinstance(told.get("paths", {}), dict):
        raise DocumentInvalid("Invalid OpenAPI input.")
    return Document(told, is_old)


def members(value: Any) -> Members:
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def texts(value: Any) -> dict[str, str]:
    """By their names; what is null is empty."""
    return {name: "" if one is None else as_text(one) for name, one in members(value).items()}


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def optional_text(value: Any) -> str | None:
    return None if value is None else as_text(value)


def flag(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _parsed(text: str | bytes) -> Any:
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if len(text) > MOST_BYTES:
        raise DocumentInvalid(f"The document is larger than {MOST_BYTES} bytes")
    try:
        return json.loads(text) if text.lstrip().startswith("{") else _yaml(text)
    except ValueError:
        try:
            return _yaml(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise DocumentInvalid("Invalid OpenAPI input.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise DocumentInvalid("Invalid OpenAPI input.") from error


def _yaml(text: str) -> Any:
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _plain(told: Any) -> Any:
    """Of JSON's values alone, each its own, names as texts."""
    left = MOST_VALUES

    def plain(value: Any, deep: int) -> Any:
        nonlocal left
        left -= 1
        if left < 0 or deep > MOST_DEEP:
            raise DocumentInvalid("The document has too many values, or too deep ones")
        if isinstance(value, dict):
            return {_name(key): plain(one, deep + 1) for key, one in value.items()}
        if isinstance(value, (list, set, tuple)):
            return [plain(one, deep + 1) for one in value]
        return value if value is None or isinstance(value, (str, int, float)) else str(value)

    return plain(told, 0)


def _name(key: Any) -> str:
    return as_text(key) if isinstance(key, (bool, int, float, str)) else str(key)
