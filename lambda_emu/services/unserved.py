"""Requests for services that nobody serves here, and forms that say only in their body whose they are."""

from __future__ import annotations

from collections.abc import Sequence

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.router import Router
from lambda_emu.gateway.services import Handling, Service, ServiceClaims
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head
from lambda_emu.services.callers import signed_with
from lambda_emu.services.catalogue import named
from lambda_emu.services.wire_errors import wire_error

FORMS = Workers("forms of unknown services", 2, 64)
FORM_BYTES = 1024 * 1024
MOST_BYTES = 1024 * 1024


class Unserved:
    """Whatever names a service of AWS that nothing here serves."""

    claims = ServiceClaims(rest=True)
    answers_pages = False

    def __init__(self) -> None:
        self._handling = Handling(self._serve, MOST_BYTES, RequestTooLarge(MOST_BYTES, "requested"), lambda _: FORMS)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        return self._handling

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return wire_error(error, request)

    def _serve(self, request: Request, call: Call) -> Answer:
        return wire_error(ServiceNotServed(_name_of(request)), request)


class Forms:
    """Forms that are not signed: their body says by its Version or Action whose they are."""

    claims = ServiceClaims(forms=True)
    answers_pages = False

    def __init__(self, services: Sequence[Service]) -> None:
        self._router = Router(services)
        self._handling = Handling(self._serve, FORM_BYTES, RequestTooLarge(FORM_BYTES, "requested"), lambda _: FORMS)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        return self._handling

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return wire_error(error, request)

    def _serve(self, request: Request, call: Call) -> Answer | None:
        service = self._router.of_form(request.body)
        if service is None:
            return wire_error(NotSigned(), request)
        call.fail_as(service.error_answer)
        return service.handling(request.head, request.path, len(request.body)).serve(request, call)


class ServiceNotServed(LambdaError):
    """AWS has every service; the text says who can serve this one here."""

    code, status, text_key, kind = "NotImplementedException", 501, "Message", "Service"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"lambda-emu does not serve {name}. Name who does by --service {name}=http://…, or {name}=aws for AWS's "
            "own; LAMBDA_EMU_SERVICE and `service` in lambda-emu.yaml say the same."
        )


class NotSigned(LambdaError):
    """A form that says no service either. AWS's words for a request without a signature."""

    code, status, kind = "MissingAuthenticationToken", 403, None

    def __init__(self) -> None:
        super().__init__("Request is missing Authentication Token")


def _name_of(request: Request) -> str:
    """The service that it is for, as boto3 calls it."""
    row = named(request)
    if row is not None:
        return row.name
    credential = signed_with(request)
    target = request.head.first.get(b"x-amz-target", b"")
    return target.partition(b".")[0].decode("latin-1")[:64] if credential is None else credential.service
