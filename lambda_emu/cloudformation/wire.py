"""AWS's query protocol as CloudFormation speaks it: a form in, XML out, both by botocore's model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from lambda_emu.cloudformation.errors import Malformed, NoSuchAction, Violated
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.request import Request
from lambda_emu.services.shapes import Members, Shapes, load_model
from lambda_emu.services.xml import element, text_of, xml_answer

NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
MOST_FIELDS = 5_000
MOST_DEPTH = 16
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")

Tree = dict[str, Any]


class Wire:
    """operations: those that are served."""

    def __init__(self, operations: tuple[str, ...]) -> None:
        model = load_model("cloudformation")
        self._shapes: Mapping[str, Any] = model["shapes"]
        self._inputs = {name: model["operations"][name].get("input", {}).get("shape") for name in operations}
        self._known = frozenset(model["operations"])
        self._checks = Shapes(model, operations, violated=Violated)

    def parse(self, request: Request) -> tuple[str, Members]:
        """The operation and its members, which keep to the model. CloudFormationError, ModelViolated."""
        fields = _fields(request)
        name = fields.get("Action", "")
        if name not in self._inputs:
            raise NoSuchAction(name, is_known=name in self._known)
        shape = self._inputs[name]
        given = self._read(shape, _tree(fields), name) if shape else {}
        return name, self._checks.check(name, given)

    def _read(self, shape: str, node: Any, path: str) -> Any:
        """The value that a node of the form stands for."""
        known = self._shapes[shape]
        kind = known["type"]
        if kind == "structure" and isinstance(node, dict):
            members = known["members"]
            return {
                name: self._read(member["shape"], node[name], name) for name, member in members.items() if name in node
            }
        if kind == "list" and (isinstance(node, dict) or node == ""):
            items = node.get("member", {}) if isinstance(node, dict) else {}
            return [self._read(known["member"]["shape"], items[number], path) for number in _in_order(items, path)]
        if isinstance(node, dict) or kind in ("structure", "list", "map"):
            raise Malformed(f"{path} is not of its type")
        return _scalar(kind, node, path)


def _in_order(items: Any, path: str) -> list[str]:
    if not isinstance(items, dict) or not all(_NUMBER.fullmatch(number) for number in items):
        raise Malformed(f"{path} is no list")
    return sorted(items, key=int)


def _scalar(kind: str, text: str, path: str) -> Any:
    if kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise Malformed(f"{path} is no boolean")
        return text.lower() == "true"
    if kind in ("integer", "long"):
        if re.fullmatch(r"-?[0-9]{1,10}", text, re.ASCII) is None:
            raise Malformed(f"{path} is no integer")
        return int(text)
    return text


def _fields(request: Request) -> dict[str, str]:
    try:
        texts = [request.query.decode("ascii"), request.body.decode("ascii")]
        return {
            name: value
            for text in texts
            for name, value in parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        }
    except ValueError:
        raise Malformed("The form is not URL-encoded UTF-8, or has too many fields") from None


def _tree(fields: Mapping[str, str]) -> Tree:
    """`Tags.member.1.Key=a` as members within one another."""
    tree: Tree = {}
    for name, value in fields.items():
        *above, last = name.split(".")
        if len(above) > MOST_DEPTH:
            raise Malformed(f"{name[:64]} is no member")
        node: Any = tree
        for part in above:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise Malformed(f"{name[:64]} is no member")
        if isinstance(node.get(last), dict):
            raise Malformed(f"{name[:64]} is no member")
        node[last] = value
    return tree


@cache
def wire_of(operations: tuple[str, ...]) -> Wire:
    return Wire(operations)


# -- answers


def render(operation: str, result: Mapping[str, Any], request: Request) -> Answer:
    shown = f"<{operation}Result>{''.join(_elements(result))}</{operation}Result>"
    about = f"<ResponseMetadata>{element('RequestId', request.request_id)}</ResponseMetadata>"
    body = f'<{operation}Response xmlns="{NAMESPACE}">{shown}{about}</{operation}Response>'
    return xml_answer(200, body, request.request_id)


def render_error(error: LambdaError, request: Request) -> Answer:
    """Those of the gateway too."""
    sender = "Receiver" if error.status >= 500 else "Sender"
    texts = (("Type", sender), ("Code", error.code), ("Message", error.text or ""))
    said = "".join(element(name, text) for name, text in texts)
    about = element("RequestId", request.request_id)
    return xml_answer(
        error.status,
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error>{said}</Error>{about}</ErrorResponse>',
        request.request_id,
    )


def _elements(members: Mapping[str, Any]) -> Iterator[str]:
    return (_element(name, value) for name, value in members.items() if value is not None)


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        text = "".join(_elements(value))
    elif isinstance(value, list | tuple):
        text = "".join(_element("member", one) for one in value)
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = text_of(str(value))
    return f"<{name}>{text}</{name}>"
