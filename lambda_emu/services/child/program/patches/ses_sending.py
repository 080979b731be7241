"""SES, both versions: operations that send, in place of moto's, which keep one of several bodies and no attachment."""

from __future__ import annotations

import json
import logging
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ses import models
from moto.ses.exceptions import (
    InvalidParameterValue,
    MessageRejectedError,
    MissingRenderingAttributeException,
    NotFoundException,
    SesError,
    TemplateDoesNotExist,
)
from moto.ses.models import EmailIdentity, SESBackend
from moto.ses.responses import EmailResponse
from moto.sesv2.responses import SESV2Response
from msgspec import Struct

from lambda_emu.services.child.program.mails.composing import compose
from lambda_emu.services.child.program.mails.message import Mail, read_raw
from lambda_emu.services.child.program.mails.sending import Sender, new_message_id
from lambda_emu.services.child.program.mails.templates import filled, read_data, render

log = logging.getLogger(__name__)

Params = Mapping[str, Any]
Take = Callable[[Mail], None]
MOST_BYTES, MOST_BYTES_2 = 10 * 1024 * 1024, 40 * 1024 * 1024
"""Of an e-mail, in each version."""
Send = Callable[[Sender, Params], Params]
_feedback = SESBackend.__generate_feedback__
_make_identity = EmailIdentity.__init__


class Envelope(Struct, frozen=True):
    """What is the same of an e-mail whatever its content is. more: headers and attachments beside a template."""

    source: str
    destination: Params
    reply_to: Sequence[str]
    more: Params


def replace_sending(take: Take) -> None:
    """take: is given each e-mail."""
    for name, operation in FIRST.items():
        setattr(EmailResponse, name, _first_version(operation, take))
    for name, operation in SECOND.items():
        setattr(SESV2Response, name, _second_version(operation, take))
    module: Any = models
    module.SESBackend.__generate_feedback__ = _as_text
    module.EmailIdentity.__init__ = _make_verified
    module.parse_template = render  # of TestRenderTemplate


def _first_version(send: Send, take: Take) -> Any:
    def answer(response: Any) -> ActionResult:
        return ActionResult(send(Sender(response.backend, take, MOST_BYTES), response.params))

    return answer


def _second_version(send: Send, take: Take) -> Any:
    def answer(response: Any) -> str:
        sender = Sender(response.sesv2_backend.core_backend, take, MOST_BYTES_2)
        try:
            return json.dumps(send(sender, json.loads(response.body)))
        except TemplateDoesNotExist as error:
            raise NotFoundException(error.message) from error
        except MessageRejectedError as error:
            raise JsonRESTError(error.code, error.message) from error
        except SesError as error:
            code = "TooManyRequestsException" if error.code == "Throttling" else "BadRequestException"
            raise JsonRESTError(code, error.message) from error

    return answer


# -- version 1 ------------------------------------------------------------------------------------


def _send_email(sender: Sender, params: Params) -> Params:
    return _send_parts(sender, _envelope(params), params.get("Message") or {})


def _send_raw_email(sender: Sender, params: Params) -> Params:
    raw = (params.get("RawMessage") or {}).get("Data") or b""
    raw = raw if isinstance(raw, bytes) else b64decode(raw)
    return _send_raw(sender, raw, params.get("Source"), {"ToAddresses": params.get("Destinations")})


def _send_templated_email(sender: Sender, params: Params) -> Params:
    envelope, template = _envelope(params), _template(sender.backend, params["Template"])
    return _send_filled(sender, envelope, template, params.get("TemplateData"))


def _send_bulk_templated_email(sender: Sender, params: Params) -> Params:
    template, default = _template(sender.backend, params["Template"]), params.get("DefaultTemplateData")
    statuses = []
    for entry in params.get("Destinations") or ():
        envelope = _envelope({**params, "Destination": entry.get("Destination")})
        try:
            sent = _send_filled(sender, envelope, template, default, entry.get("ReplacementTemplateData"))
            statuses.append({"Status": "Success", **sent})
        except MessageRejectedError:
            raise
        except SesError as error:
            statuses.append({"Status": error.code, "Error": error.message})
    return {"Status": statuses}


# -- version 2 ------------------------------------------------------------------------------------


def _send_content(sender: Sender, params: Params) -> Params:
    content, source = params["Content"], params.get("FromEmailAddress")
    if "Raw" in content:
        return _send_raw(sender, b64decode(content["Raw"]["Data"]), source, params.get("Destination") or {})
    if source is None:
        raise InvalidParameterValue("Missing required header 'From'.")
    if "Template" in content:
        said = content["Template"]
        envelope = _envelope({**params, "Source": source}, said)
        return _send_filled(sender, envelope, _template_of(sender.backend, said), said.get("TemplateData"))
    if "Simple" not in content:
        raise InvalidParameterValue("Content must have one of Simple, Raw and Template.")
    return _send_parts(sender, _envelope({**params, "Source": source}, content["Simple"]), content["Simple"])


def _send_bulk_content(sender: Sender, params: Params) -> Params:
    said, results = params["DefaultContent"]["Template"], []
    template, source = _template_of(sender.backend, said), params["FromEmailAddress"]
    for entry in params["BulkEmailEntries"]:
        replaced = (entry.get("ReplacementEmailContent") or {}).get("ReplacementTemplate") or {}
        envelope = _envelope({**params, "Source": source, "Destination": entry.get("Destination")}, said)
        data = said.get("TemplateData"), replaced.get("ReplacementTemplateData")
        try:
            results.append({"Status": "SUCCESS", **_send_filled(sender, envelope, template, *data)})
        except MessageRejectedError:
            raise
        except SesError as error:
            results.append({"Status": "INVALID_PARAMETER", "Error": error.message})
    return {"BulkEmailEntryResults": results}


FIRST: Mapping[str, Send] = {
    "send_email": _send_email,
    "send_raw_email": _send_raw_email,
    "send_templated_email": _send_templated_email,
    "send_bulk_templated_email": _send_bulk_templated_email,
}
SECOND: Mapping[str, Send] = {"send_email": _send_content, "send_bulk_email": _send_bulk_content}
"""By moto's name of the operation."""


# -- both -----------------------------------------------------------------------------------------


def _envelope(params: Params, content: Params | None = None) -> Envelope:
    """content: of version 2, whose attachments come in base64."""
    said = content or {}
    attached = [{**one, "RawContent": b64decode(one["RawContent"])} for one in said.get("Attachments") or ()]
    more = {"Headers": said.get("Headers") or (), "Attachments": attached}
    return Envelope(params["Source"], params.get("Destination") or {}, params.get("ReplyToAddresses") or (), more)


def _send_raw(sender: Sender, raw: bytes, source: str | None, destination: Params) -> Params:
    """What is said beside it counts before what its headers say."""
    try:
        said, to = read_raw(raw)
    except ValueError as error:
        raise InvalidParameterValue(str(error)) from error
    source = source or said
    if not source:
        raise InvalidParameterValue("Missing required header 'From'.")
    if any(destination.values()):
        to = {name: list(addresses) for name, addresses in destination.items() if addresses}
    sender.check(source, to)
    return {"MessageId": sender.send(source, to, raw)}


def _send_filled(sender: Sender, envelope: Envelope, template: Params, *data: str | None) -> Params:
    """As on AWS it is accepted and not sent, where the data has not all that the template wants."""
    sender.check(envelope.source, envelope.destination)
    try:
        return _send_parts(sender, envelope, filled(template, read_data(*data)))
    except MissingRenderingAttributeException as error:
        to = ", ".join(envelope.destination.get("ToAddresses") or ())
        log.warning("SES does not send an e-mail to %s: %s", to, error)
        return {"MessageId": new_message_id()}


def _send_parts(sender: Sender, envelope: Envelope, content: Params) -> Params:
    source, destination = envelope.source, envelope.destination
    sender.check(source, destination)
    try:
        raw = compose(source, destination, {**content, **envelope.more}, envelope.reply_to)
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise InvalidParameterValue(str(error)) from error
    return {"MessageId": sender.send(source, destination, raw)}


def _template(backend: Any, name: str) -> Params:
    found: Params | None = backend.templates.get(name)
    if found is None:
        raise TemplateDoesNotExist(f"Template {name} does not exist")
    return found


def _template_of(backend: Any, content: Params) -> Params:
    """Of version 2: one that is kept, or one that comes with it."""
    inline = content.get("TemplateContent")
    if inline is None:
        return _template(backend, content.get("TemplateName") or str(content.get("TemplateArn")).rpartition("/")[2])
    return {f"{name.lower()}_part": inline.get(name) for name in ("Subject", "Text", "Html")}


def _as_text(backend: Any, kind: str) -> str:
    """moto gives SNS what is no text."""
    return json.dumps(_feedback(backend, kind))


@wraps(_make_identity)
def _make_verified(identity: Any, *said: Any, **more: Any) -> None:
    """moto lets it send, and says in version 2 that it may not."""
    _make_identity(identity, *said, **more)
    identity.verified_for_sending_status = True
