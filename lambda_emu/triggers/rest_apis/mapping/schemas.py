"""JSON Schema, draft 4, as models of API Gateway have it. What is wrong is said in the words of its validator.

Schemas are whoever's the API is, bodies are strangers': each step is paid for, and no reference leads out of the API.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from lambda_emu.triggers.rest_apis.mapping.formats import FORMATS
from lambda_emu.triggers.rest_apis.templates.budget import Budget
from lambda_emu.triggers.rest_apis.templates.failures import TemplateFailed, TemplateTooLong
from lambda_emu.triggers.rest_apis.templates.regexes import regex
from lambda_emu.triggers.rest_apis.templates.values import are_equal, is_number

MOST_PROBLEMS = 20
MOST_DEEP = 100
MOST_SHOWN = 200
MOST_UNIQUE = 1_000
"""Items that are compared with each other."""

Models = Mapping[str, Any]
"""Schemas of an API by the names of their models."""
Problems = Iterator[str]


def problems_of(schema: Any, value: Any, models: Models) -> list[str]:
    """The first of them; none: it is valid. TemplateFailure: the schema makes no sense, or it takes too long."""
    found: list[str] = []
    try:
        for problem in _Validation(schema, models).check(schema, value, 0):
            found.append(problem)
            if len(found) == MOST_PROBLEMS:
                break
    except RecursionError as error:
        raise TemplateTooLong("The schema goes too deep") from error
    except (TypeError, ValueError, AttributeError, KeyError, ArithmeticError) as error:
        raise TemplateFailed(f"The schema makes no sense: {error!r}") from error
    return found


class _Validation:
    def __init__(self, root: Any, models: Models) -> None:
        self._root = root
        self._models = models
        self._budget = Budget()

    def check(self, schema: Any, value: Any, deep: int) -> Problems:
        self._budget.spend()
        if deep > MOST_DEEP:
            raise TemplateTooLong(f"The schema leads more than {MOST_DEEP} deep")
        if not isinstance(schema, dict):
            return
        if isinstance(schema.get("$ref"), str):
            outer, (self._root, schema) = self._root, self._referred(schema["$ref"])
            yield from self.check(schema, value, deep + 1)
            self._root = outer
            return
        for name in schema:
            check = _CHECKS.get(name)
            if check is not None:
                self._budget.spend()
                yield from check(self, schema, value, deep)

    def is_valid(self, schema: Any, value: Any, deep: int) -> bool:
        root = self._root
        valid = next(self.check(schema, value, deep + 1), None) is None
        self._root = root  # who stops at the first problem does not come back from where a reference led
        return valid

    def is_same(self, one: Any, other: Any) -> bool:
        if _type(one) != _type(other) and not (is_number(one) and is_number(other)):
            return False
        return are_equal(one, other, self._budget)

    def type(self, schema: Any, value: Any, deep: int) -> Problems:
        allowed = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        found = _type(value)
        if found not in allowed and not (found == "integer" and "number" in allowed):
            names = sorted({*allowed, *(["integer"] if "number" in allowed else [])})
            yield f"instance type ({found}) does not match any allowed primitive type (allowed: {_shown(names)})"

    def enum(self, schema: Any, value: Any, deep: int) -> Problems:
        if not any(self.is_same(one, value) for one in schema["enum"]):
            yield f"instance value ({_shown(value)}) not found in enum (possible values: {_shown(schema['enum'])})"

    def required(self, schema: Any, value: Any, deep: int) -> Problems:
        if isinstance(value, dict) and isinstance(schema["required"], list):
            missing = sorted(name for name in schema["required"] if name not in value)
            if missing:
                yield f"object has missing required properties ({_shown(missing)})"

    def properties(self, schema: Any, value: Any, deep: int) -> Problems:
        if isinstance(value, dict):
            for name, of_name in schema["properties"].items():
                if name in value:
                    yield from self.check(of_name, value[name], deep + 1)

    def pattern_properties(self, schema: Any, value: Any, deep: int) -> Problems:
        for pattern, of_names in schema["patternProperties"].items() if isinstance(value, dict) else ():
            for name, of_name in value.items():
                if self.finds(pattern, name):
                    yield from self.check(of_names, of_name, deep + 1)

    def additional_properties(self, schema: Any, value: Any, deep: int) -> Problems:
        if not isinstance(value, dict):
            return
        patterns = list(schema.get("patternProperties") or ())
        known = schema.get("properties") or {}
        others = [name for name in value if name not in known and not any(self.finds(one, name) for one in patterns)]
        if schema["additionalProperties"] is False and others:
            yield f"object instance has properties which are not allowed by the schema: {_shown(sorted(others))}"
        for name in others:
            yield from self.check(schema["additionalProperties"], value[name], deep + 1)

    def dependencies(self, schema: Any, value: Any, deep: int) -> Problems:
        for name, needed in schema["dependencies"].items() if isinstance(value, dict) else ():
            if name not in value:
                continue
            if isinstance(needed, dict):
                yield from self.check(needed, value, deep + 1)
            elif missing := sorted(one for one in needed if one not in value):
                yield f'property "{name}" of object has missing property dependencies (missing: {_shown(missing)})'

    def items(self, schema: Any, value: Any, deep: int) -> Problems:
        if not isinstance(value, list):
            return
        told = schema["items"]
        for at, item in enumerate(value):
            if not isinstance(told, list):
                yield from self.check(told, item, deep + 1)
            elif at < len(told):
                yield from self.check(told[at], item, deep + 1)
            else:
                yield from self.check(schema.get("additionalItems"), item, deep + 1)
        if isinstance(told, list) and schema.get("additionalItems") is False and len(value) > len(told):
            yield f"array has {len(value)} elements, only {len(told)} are allowed"

    def unique(self, schema: Any, value: Any, deep: int) -> Problems:
        if schema["uniqueItems"] is not True or not isinstance(value, list):
            return
        texts = {item for item in value if isinstance(item, str)}
        others = [item for item in value if not isinstance(item, str)]
        if len(others) > MOST_UNIQUE:
            raise TemplateTooLong(f"More than {MOST_UNIQUE} items would be compared with each other")
        pairs = ((one, other) for at, one in enumerate(others) for other in others[at + 1 :])
        if len(texts) + len(others) < len(value) or any(self.is_same(one, other) for one, other in pairs):
            yield "array must not contain duplicate elements"

    def pattern(self, schema: Any, value: Any, deep: int) -> Problems:
        if isinstance(value, str) and not self.finds(schema["pattern"], value):
            yield f'ECMA 262 regex "{schema["pattern"]}" does not match input string {_shown(value)}'

    def format(self, schema: Any, value: Any, deep: int) -> Problems:
        is_right = FORMATS.get(schema["format"])
        if isinstance(value, str) and is_right is not None and not is_right(value):
            yield f"string {_shown(value)} is invalid against requested format {schema['format']}"

    def all_of(self, schema: Any, value: Any, deep: int) -> Problems:
        held = sum(self.is_valid(one, value, deep) for one in schema["allOf"])
        if held < len(schema["allOf"]):
            yield f"instance failed to match all required schemas (matched only {held} out of {len(schema['allOf'])})"

    def any_of(self, schema: Any, value: Any, deep: int) -> Problems:
        if not any(self.is_valid(one, value, deep) for one in schema["anyOf"]):
            yield f"instance failed to match at least one required schema among {len(schema['anyOf'])}"

    def one_of(self, schema: Any, value: Any, deep: int) -> Problems:
        held = sum(self.is_valid(one, value, deep) for one in schema["oneOf"])
        if held != 1:
            yield f"instance failed to match exactly one schema (matched {held} out of {len(schema['oneOf'])})"

    def none_of(self, schema: Any, value: Any, deep: int) -> Problems:
        if self.is_valid(schema["not"], value, deep):
            yield "instance matched a schema which it should not have"

    def finds(self, pattern: str, text: str) -> bool:
        found = regex(pattern)
        found.check(text, self._budget)
        return found.pattern.search(text) is not None

    def _referred(self, reference: str) -> tuple[Any, Any]:
        """The document it is in, and the schema. TemplateFailed."""
        where, _, fragment = reference.partition("#")
        document = self._models.get(where.rpartition("/models/")[2]) if where else self._root
        found = document
        for part in fragment.split("/")[1:]:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        if found is None:
            raise TemplateFailed(f"The schema has nothing to refer to by {reference!r}")
        return document, found


Sized = type[str] | type[list[Any]] | type[dict[str, Any]]


def _length(kind: Sized, of: str, is_wrong: Callable[[Any, Any], bool], words: str) -> Callable[..., Problems]:
    def check(_: _Validation, schema: Any, value: Any, _deep: int) -> Problems:
        if isinstance(value, kind) and is_wrong(len(value), schema[of]):
            yield words.format(shown=_shown(value), found=len(value), limit=schema[of])

    return check


def _minimum(_: _Validation, schema: Any, value: Any, _deep: int) -> Problems:
    least = schema["minimum"]
    if is_number(value) and value < least:
        yield f"numeric instance is lower than the required minimum (minimum: {least}, found: {value})"
    elif is_number(value) and value == least and schema.get("exclusiveMinimum") is True:
        yield f"numeric instance is not strictly greater than the required minimum {least}"


def _maximum(_: _Validation, schema: Any, value: Any, _deep: int) -> Problems:
    most = schema["maximum"]
    if is_number(value) and value > most:
        yield f"numeric instance is greater than the required maximum (maximum: {most}, found: {value})"
    elif is_number(value) and value == most and schema.get("exclusiveMaximum") is True:
        yield f"numeric instance is not strictly lower than the required maximum {most}"


def _multiple(_: _Validation, schema: Any, value: Any, _deep: int) -> Problems:
    divisor = schema["multipleOf"]
    if is_number(value) and divisor > 0 and abs(value / divisor - round(value / divisor)) > 1e-9:
        yield f"remainder of division is not zero ({value} / {divisor})"


def _type(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    kinds = {str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return kinds.get(type(value), "string")


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)[:MOST_SHOWN]


_CHECKS: Mapping[str, Callable[..., Problems]] = {
    "type": _Validation.type,
    "enum": _Validation.enum,
    "required": _Validation.required,
    "properties": _Validation.properties,
    "patternProperties": _Validation.pattern_properties,
    "additionalProperties": _Validation.additional_properties,
    "dependencies": _Validation.dependencies,
    "items": _Validation.items,
    "uniqueItems": _Validation.unique,
    "pattern": _Validation.pattern,
    "format": _Validation.format,
    "allOf": _Validation.all_of,
    "anyOf": _Validation.any_of,
    "oneOf": _Validation.one_of,
    "not": _Validation.none_of,
    "minimum": _minimum,
    "maximum": _maximum,
    "multipleOf": _multiple,
    "minLength": _length(
        str, "minLength", operator.lt, "string {shown} is too short (length: {found}, required minimum: {limit})"
    ),
    "maxLength": _length(
        str, "maxLength", operator.gt, "string {shown} is too long (length: {found}, maximum allowed: {limit})"
    ),
    "minItems": _length(
        list,
        "minItems",
        operator.lt,
        "array is too short: must have at least {limit} elements but instance has {found} elements",
    ),
    "maxItems": _length(
        list,
        "maxItems",
        operator.gt,
        "array is too long: must have at most {limit} elements but instance has {found} elements",
    ),
    "minProperties": _length(
        dict,
        "minProperties",
        operator.lt,
        "object has too few properties (found {found} but schema requires at least {limit})",
    ),
    "maxProperties": _length(
        dict,
        "maxProperties",
        operator.gt,
        "object has too many properties (found {found} but schema requires at most {limit})",
    ),
}
