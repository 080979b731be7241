"""The operations on executions, as answers; those on machines are moto's."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lambda_emu.services.child.program.checks.explaining import mistake
from lambda_emu.services.child.program.checks.refused import BODY, Environ, StartResponse
from lambda_emu.services.child.program.current_request import REQUEST_ID
from lambda_emu.services.child.program.front import Front
from lambda_emu.services.child.program.machines.executions import OPERATIONS, Executions
from lambda_emu.services.child.program.machines.language.api_gateway import replace_api_gateway
from lambda_emu.services.child.program.machines.language.clients import RoleClients
from lambda_emu.services.child.program.machines.language.definitions import replace_definitions
from lambda_emu.services.child.program.machines.language.distributed import replace_distributed
from lambda_emu.services.child.program.machines.language.http_tasks import replace_http
from lambda_emu.services.child.program.machines.language.interpreter import replace_interpreter
from lambda_emu.services.child.program.machines.language.jsonata import replace_jsonata
from lambda_emu.services.child.program.machines.language.tasks import replace_tasks
from lambda_emu.services.child.program.machines.machines import check_change
from lambda_emu.services.child.program.machines.redriving import redrive_execution
from lambda_emu.services.child.program.machines.telling import Telling
from lambda_emu.services.child.program.machines.trying import test_state
from lambda_emu.services.child.program.state.changes import operation_of

BACKEND = "stepfunctions"
SERVED = OPERATIONS | {"RedriveExecution": redrive_execution, "TestState": test_state}
CHECKED = ("CreateStateMachine", "UpdateStateMachine", "DeleteStateMachine")
"""What moto does once it was looked at here."""


class StateMachines:
    """front: where services are asked. folder: where executions are kept; None: in memory."""

    def __init__(self, front: Front, folder: Path | None) -> None:
        self.clients = RoleClients(front.url, front.issuer)
        replace_definitions()
        replace_tasks()
        replace_distributed()
        replace_api_gateway(front.url, self.clients)
        replace_http(front, self.clients)
        replace_interpreter(self.clients)
        replace_jsonata()
        self.executions = Executions(folder, Telling(front))

    def serve(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        """None: it is moto's. Refused."""
        operation = operation_of(environ, b"") or ""
        serve = SERVED.get(operation)
        is_change = operation in CHECKED
        if serve is None and not is_change:
            return None
        refused = mistake(BACKEND, environ)
        if refused is not None:
            raise refused
        asked = json.loads(environ.get(BODY) or b"{}")
        if serve is None:
            check_change(operation, environ, asked)
            if operation == "DeleteStateMachine":
                self.executions.forget(asked["stateMachineArn"])
            return None
        told = serve(self.executions, environ, asked)
        return _answer(environ, start_response, told)


def _answer(environ: Environ, start_response: StartResponse, told: Any) -> list[bytes]:
    data = json.dumps(told).encode()
    headers = [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", str(len(data)))]
    start_response("200 OK", [*headers, ("x-amzn-RequestId", environ.get(REQUEST_ID, ""))])
    return [data]
