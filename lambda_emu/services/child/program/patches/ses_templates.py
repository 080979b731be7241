"""SES version 2: templates, which moto has in version 1 alone, the same ones; and lists by the paths of older SDKs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time, utcnow
from moto.ses.exceptions import NotFoundException, SesError, TemplateDoesNotExist, TemplateNameAlreadyExists
from moto.sesv2 import urls
from moto.sesv2.responses import SESV2Response

Params = Mapping[str, Any]
Operation = Callable[[Any, Params], Params | None]
PARTS = ("Subject", "Text", "Html")


OLDER = {"/v2/email/identities": "ListEmailIdentities", "/v2/email/configuration-sets": "ListConfigurationSets"}
"""Asked by GET; newer SDKs POST to paths of their own."""
PATHS = ("templates", "templates/(?P<TemplateName>[^/]+)", "templates/(?P<TemplateName>[^/]+)/render")


def add_operations() -> None:
    """Before moto makes its app of version 2; `ses_sending` has the one that sends many."""
    for path in (*PATHS, "outbound-bulk-emails"):
        urls.url_paths[f"{{0}}/v2/email/{path}$"] = SESV2Response.dispatch
    for name, operation in OPERATIONS.items():
        setattr(SESV2Response, name, _answering(operation))
    _take_older_lists()


def _take_older_lists() -> None:
    """moto finds no operation there, and makes no number of what a query says."""
    responses: Any = SESV2Response
    find, get = responses._get_action_from_method_and_request_uri, responses._get_param

    def find_older(response: Any, request: Any) -> Any:
        older = OLDER.get(request.path) if request.method == "GET" else None
        return older or find(response, request)

    def get_number(response: Any, name: str, if_none: Any = None) -> Any:
        found = get(response, name, if_none)
        return int(found) if name == "PageSize" and isinstance(found, str) and found.isdecimal() else found

    responses._get_action_from_method_and_request_uri, responses._get_param = find_older, get_number


def _answering(operation: Operation) -> Any:
    def answer(response: Any) -> str:
        parts = response.path.split("/")
        params = json.loads(response.body) if response.body else {}
        asked = {**params, "TemplateName": unquote(parts[4])} if len(parts) > 4 else params
        name = str(asked.get("TemplateName") or "")
        try:
            return json.dumps(operation(response.sesv2_backend.core_backend, asked) or {})
        except TemplateDoesNotExist as error:
            raise NotFoundException(f"Template {name} does not exist") from error
        except TemplateNameAlreadyExists as error:
            raise JsonRESTError("AlreadyExistsException", f"Template {name} already exists") from error
        except SesError as error:
            raise JsonRESTError("BadRequestException", error.message) from error

    return answer


def _create(backend: Any, asked: Params) -> None:
    backend.add_template(template_info=_kept(asked))


def _update(backend: Any, asked: Params) -> None:
    backend.update_template(template_info=_kept(asked))


def _get(backend: Any, asked: Params) -> Params:
    found = backend.get_template(asked["TemplateName"])
    content = {part: found.get(f"{part.lower()}_part") for part in PARTS}
    told = {part: text for part, text in content.items() if text}
    return {"TemplateName": asked["TemplateName"], "TemplateContent": told}


def _delete(backend: Any, asked: Params) -> None:
    backend.get_template(asked["TemplateName"])
    backend.delete_template(asked["TemplateName"])


def _list(backend: Any, _: Params) -> Params:
    told = [(one["template_name"], unix_time(one["Timestamp"])) for one in backend.list_templates()]
    return {"TemplatesMetadata": [{"TemplateName": name, "CreatedTimestamp": made_s} for name, made_s in told]}


def _render(backend: Any, asked: Params) -> Params:
    rendered = backend.render_template({"name": asked["TemplateName"], "data": asked.get("TemplateData")})
    return {"RenderedTemplate": rendered}


OPERATIONS: Mapping[str, Operation] = {
    "create_email_template": _create,
    "update_email_template": _update,
    "get_email_template": _get,
    "delete_email_template": _delete,
    "list_email_templates": _list,
    "test_render_email_template": _render,
}


def _kept(asked: Params) -> dict[str, Any]:
    content = asked.get("TemplateContent") or {}
    parts = {f"{part.lower()}_part": content.get(part) or "" for part in PARTS}
    return {**parts, "template_name": asked.get("TemplateName"), "Timestamp": utcnow()}
