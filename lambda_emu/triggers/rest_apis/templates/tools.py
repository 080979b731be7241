"""`$input` and `$util` of API Gateway's mapping templates."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import pybase64

from lambda_emu.text.jackson import NotJson
from lambda_emu.text.json_scan import Scan
from lambda_emu.triggers.rest_apis.templates.budget import Budget
from lambda_emu.triggers.rest_apis.templates.failures import BodyNotJson, TemplateFailed
from lambda_emu.triggers.rest_apis.templates.json_paths import json_path
from lambda_emu.triggers.rest_apis.templates.values import Tool, Value, json_text, text_of

NO_BODY = "{}"
"""What `$input.body` says of one."""
MOST_DIGITS = 1_000

_JAVASCRIPT = {
    **{ord(sign): "\\" + sign for sign in "'\"\\/"},
    **{8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r"},
}


def read_json(body: bytes) -> Any:
    """A large whole number as a float. BodyNotJson."""
    try:
        return _loaded(body) if body.strip() else {}
    except (ValueError, RecursionError) as error:
        raise BodyNotJson(_problem(body) or str(error)) from error


def _loaded(text: bytes | str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # a number of more digits than Python reads at once
        return json.loads(text, parse_int=_whole)


def _problem(body: bytes) -> str | None:
    """What the parser says; None: it takes what Python does not, such as a thousand arrays in each other."""
    try:
        Scan(body).run()
    except NotJson as error:
        return error.with_place(body)
    return None


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < MOST_DIGITS else float("inf")


class Body:
    """What an input says: read when it is first asked for."""

    def __init__(self, body: bytes, budget: Budget) -> None:
        self._body = body
        self._budget = budget
        self._shown: Value = None
        self._kept: Value = None

    def text(self) -> str:
        self._budget.make(len(self._body))
        return self._body.decode("utf-8", "replace") or NO_BODY

    def path(self, path: str = "$") -> Value:
        """A template may change what it finds, and finds it changed."""
        if self._shown is None:
            self._shown = self._read()
        return json_path(path).find(self._shown, self._budget)

    def json(self, path: str = "$") -> str:
        """As JSON without spaces; of nothing, an empty text (?)."""
        if self._kept is None:
            self._kept = self._read()
        found = json_path(path)
        value = found.find(self._kept, self._budget)
        if not found.is_definite:
            return json_text(value, self._budget)
        if value is None and not found.steps:
            return "null"
        made = '""' if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        self._budget.make(len(made))
        return made

    def _read(self) -> Any:
        self._budget.spend(1 + len(self._body) // 500)
        return read_json(self._body)


def input_tool(
    body: bytes, path: Mapping[str, str], query: Mapping[str, str], headers: Mapping[str, str], budget: Budget
) -> Tool:
    """Parameters by their names: those of the path first, headers last."""
    read = Body(body, budget)

    def params(name: str | None = None) -> Value:
        if name is None:
            return {"path": dict(path), "querystring": dict(query), "header": dict(headers)}
        found = next((of[name] for of in (path, query, headers) if name in of), None)
        if found is None:
            found = next((value for key, value in headers.items() if key.lower() == name.lower()), "")
        return found

    return Tool({"path": read.path, "json": read.json, "params": params}, {"body": read.text, "params": params})


def util_tool(budget: Budget) -> Tool:
    def text(value: Value) -> str:
        made = text_of(value, budget)
        budget.make(len(made) * 2)
        return made

    def parse_json(value: Value) -> Value:
        if not isinstance(value, str):
            return value
        budget.spend(1 + len(value) // 500)
        try:
            return _loaded(value)
        except (ValueError, RecursionError) as error:
            raise TemplateFailed(f"$util.parseJson: {error}") from error

    def decode(value: Value) -> str:
        return pybase64.b64decode(text(value), validate=False).decode("utf-8", "replace")

    return Tool(
        {
            "escapeJavaScript": lambda value: None if value is None else escape_javascript(text(value)),
            "parseJson": parse_json,
            "urlEncode": lambda value: quote_plus(text(value), safe="*-._"),
            "urlDecode": lambda value: unquote_plus(text(value)),
            "base64Encode": lambda value: b64encode(text(value).encode("utf-8", "replace")).decode(),
            "base64Decode": decode,
        }
    )


def escape_javascript(text: str) -> str:
    """As Apache Commons Lang does it: single quotes too, and all that is not ASCII."""
    text = text.translate(_JAVASCRIPT)
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if 32 <= ord(one) < 127 else _unicode(one) for one in text)


def _unicode(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex().upper()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
