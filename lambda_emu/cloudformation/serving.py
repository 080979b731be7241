"""How a request is served, on a worker: read, done, answered."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from lambda_emu.api.context import RequestContext
from lambda_emu.arn import Scope
from lambda_emu.cloudformation.about import about
from lambda_emu.cloudformation.deploying import Deployer
from lambda_emu.cloudformation.errors import Failure, ObjectDenied
from lambda_emu.cloudformation.operations.request import StackRequest
from lambda_emu.cloudformation.operations.table import OPERATIONS
from lambda_emu.cloudformation.sources import named_objects
from lambda_emu.cloudformation.wire import render, render_error, wire_of
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.model.function.function import S3Object

log = logging.getLogger(__name__)


class Access(Protocol):
    """Says whether who sent a request may have that done."""

    def check(self, request: Request, operation: str, members: Mapping[str, Any], scope: Scope, about: str) -> None:
        """LambdaError: he may not. about: an ARN, or `*`, as policies name what it is about."""

    def may_read(self, request: Request, wanted: S3Object, scope: Scope) -> bool:
        """Whether he may have an object that the request names."""


class StackServer:
    """contexts, deployers: of the caller of a request."""

    def __init__(
        self, contexts: Callable[[Request], RequestContext], deployers: Callable[[Request], Deployer], access: Access
    ) -> None:
        self._contexts = contexts
        self._deployers = deployers
        self._access = access

    def serve(self, request: Request, call: Call) -> Answer | None:
        try:
            operation, members = wire_of(tuple(OPERATIONS)).parse(request)
            context = self._contexts(request)
            self._access.check(request, operation, members, context.scope, about(operation, members, context))
            if not all(self._access.may_read(request, one, context.scope) for one in named_objects(members)):
                raise ObjectDenied
            asked = StackRequest(members, context, self._deployers(request))
            return render(operation, OPERATIONS[operation](asked), request)
        except LambdaError as error:
            return render_error(error, request)
        except sqlite3.Error as error:
            log.error("stacks could not be written: %s", error)
            return render_error(Failure(error), request)
        except Exception as error:
            log.exception("a request about stacks could not be served")
            return render_error(Failure(error), request)
