"""What a template of SES says with its data, by moto's reading of it; names may have dots, and values be no text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from moto.ses.exceptions import InvalidRenderingParameterException
from moto.ses.template import parse_template


def filled(template: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """template: as moto keeps it. Content of an e-mail; MissingRenderingAttributeException."""
    parts = {name: str(template.get(name) or "") for name in ("subject_part", "text_part", "html_part")}
    said = dict(_flat(data))
    subject, text, html = (parse_template(part, said) for part in parts.values())
    body = {name: {"Data": part} for name, part in (("Text", text), ("Html", html)) if part}
    return {"Subject": {"Data": subject}, "Body": body}


def read_data(*texts: str | None) -> dict[str, Any]:
    """Of JSON, what is said later before what is said first."""
    found: dict[str, Any] = {}
    for text in texts:
        try:
            said = json.loads(text or "{}")
        except ValueError as error:
            raise InvalidRenderingParameterException("Template rendering data is invalid") from error
        if not isinstance(said, dict):
            raise InvalidRenderingParameterException("Template rendering data is invalid")
        found |= said
    return found


def _flat(data: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        yield before + name, _text(value)
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")


def _text(value: Any) -> Any:
    """As it stands in the e-mail; lists are for `each`, and what is no truth for `if`."""
    if isinstance(value, list):
        return [dict(_flat(one)) if isinstance(one, dict) else {"this": _text(one)} for one in value]
    if value is None or value is False:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
