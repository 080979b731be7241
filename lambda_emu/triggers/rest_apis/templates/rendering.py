"""A mapping template and what it is said about, in; text and what it overrides, out.

A template costs half a second at most (`budget.py`). Who runs templates on the loop asks `is_short` first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.triggers.rest_apis.templates.budget import Budget
from lambda_emu.triggers.rest_apis.templates.evaluating import Evaluation
from lambda_emu.triggers.rest_apis.templates.reading import read_template
from lambda_emu.triggers.rest_apis.templates.tools import input_tool, util_tool
from lambda_emu.triggers.rest_apis.templates.values import Value, copied, text_of

SHORT_TEMPLATE = 4_096
SHORT_BODY = 16_384
FIRST_STATUS, LAST_STATUS = 100, 599

Texts = Mapping[str, tuple[str, ...]]


class Seen(Struct, frozen=True):
    """What a template may say again. body: of the request, or of what the integration answers.

    path, query, headers: of the request, one value each, names as they came. context: as `$context` has it, of text,
    numbers and maps. variables: of the stage.
    """

    body: bytes
    path: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    context: Mapping[str, Any] = {}
    variables: Mapping[str, str] = {}


class Overrides(Struct, frozen=True):
    """What templates set of `$context.requestOverride`, and of `$context.responseOverride`. status: None, unset."""

    headers: Texts = {}
    path: Mapping[str, str] = {}
    query: Texts = {}
    answer_headers: Texts = {}
    status: int | None = None


class Rendered(Struct, frozen=True):
    text: str
    overrides: Overrides


NOTHING_OVERRIDDEN = Overrides()


def render(template: str, seen: Seen, before: Overrides = NOTHING_OVERRIDDEN) -> Rendered:
    """before: what the template of the request has set, when that of the answer is rendered.

    Raises TemplateFailure, which a caller hears nothing of but 500; BodyNotJson.
    """
    budget = Budget()
    context = copied(seen.context)
    request = {"header": _one(before.headers), "path": dict(before.path), "querystring": _one(before.query)}
    answer: dict[str, Value] = {"header": _one(before.answer_headers)}
    if before.status is not None:
        answer["status"] = before.status
    names = {
        "context": context | {"requestOverride": request, "responseOverride": answer},
        "stageVariables": dict(seen.variables),
        "input": input_tool(seen.body, seen.path, seen.query, seen.headers, budget),
        "util": util_tool(budget),
    }
    text = Evaluation(read_template(template), names, budget).text()
    return Rendered(text, _overrides(names["context"], budget))


def is_short(template: str, body: bytes) -> bool:
    """Whether rendering takes a millisecond at most, whatever the template says. TemplateInvalid."""
    return len(template) <= SHORT_TEMPLATE and len(body) <= SHORT_BODY and read_template(template).is_plain


def _overrides(context: Value, budget: Budget) -> Overrides:
    request, answer = _map(context, "requestOverride"), _map(context, "responseOverride")
    status = answer.get("status")
    path = {name: text_of(value, budget) for name, value in _map(request, "path").items()}
    made = Overrides(
        _texts(_map(request, "header"), budget),
        path,
        _texts(_map(request, "querystring"), budget),
        _texts(_map(answer, "header"), budget),
    )
    return replace(made, status=status) if _is_status(status) else made


def _is_status(value: Value) -> bool:
    """Others are passed over, as on AWS."""
    return isinstance(value, int) and FIRST_STATUS <= value <= LAST_STATUS


def _map(of: Value, name: str) -> Mapping[str, Value]:
    found = of.get(name) if isinstance(of, dict) else None
    return found if isinstance(found, dict) else {}


def _texts(found: Mapping[str, Value], budget: Budget) -> Texts:
    return {
        str(name): tuple(text_of(one, budget) for one in (value if isinstance(value, list) else [value]))
        for name, value in found.items()
    }


def _one(found: Texts) -> dict[str, Value]:
    return {name: list(texts) if len(texts) > 1 else texts[0] if texts else None for name, texts in found.items()}
