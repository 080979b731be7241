"""Tasks that ask services: what is sent and what comes back, in the names and forms of Step Functions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, UnknownServiceError
from botocore.response import StreamingBody
from moto.core.utils import get_service_model
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils, state_task_lambda
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_sns,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService

from lambda_emu.services.child.program.machines.language.waiting import written

HEADER_NAMES = {
    name.lower(): name
    for name in (
        "X-Amz-Executed-Version",
        "x-amzn-RequestId",
        "Content-Length",
        "Content-Type",
        "Date",
        "X-Amzn-Trace-Id",
    )
}
"""As AWS writes them; botocore has them in small letters."""
OF_FIFO_TOPICS = {"MessageDeduplicationId", "MessageGroupId"}
"""Members of Publish that moto drops."""
SERVICES = {"cloudwatchlogs": "logs", "eventbridge": "events", "sfn": "stepfunctions", "states": "stepfunctions"}
"""As resources name them, and as boto3 does."""
_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|\s+")


def replace_tasks() -> None:
    """Before the interpreter's own names are replaced."""
    utils: Any = lambda_eval_utils
    utils.execute_lambda_function_integration = _invoke
    by_arn: Any = state_task_lambda.StateTaskLambda
    by_arn._from_error = _failed_by_arn(by_arn._from_error)
    sdk: Any = state_task_service_aws_sdk.StateTaskServiceAwsSdk
    sdk._normalise_service_error_name = staticmethod(error_prefix)
    for taken in state_task_service_sns._SUPPORTED_API_PARAM_BINDINGS.values():
        taken.update(OF_FIFO_TOPICS)
    task: Any = StateTaskService
    task._normalise_parameters, task._normalise_response = _send, _receive


# -- Lambda ----------------------------------------------------------------------------------------


def _invoke(env: Any, parameters: dict[str, Any], region: str, state_credentials: Any) -> None:
    """By moto's names. What comes back stands on the stack. LambdaFunctionErrorException: the function failed."""
    utils: Any = lambda_eval_utils
    client = utils.boto_client_for(service="lambda", region=region, state_credentials=state_credentials)
    answer = client.invoke(**parameters)
    text = answer["Payload"].read().decode("utf-8", "replace")
    payload = _parsed(text)
    if answer.get("FunctionError"):
        said = json.dumps(payload, separators=(",", ":"))
        raise lambda_eval_utils.LambdaFunctionErrorException(answer["FunctionError"], said)
    env.stack.append(_invocation(answer, payload))


def _invocation(answer: Mapping[str, Any], payload: Any) -> dict[str, Any]:
    said = answer["ResponseMetadata"]
    headers = {HEADER_NAMES[name]: value for name, value in said["HTTPHeaders"].items() if name in HEADER_NAMES}
    http = {"AllHttpHeaders": {name: [value] for name, value in headers.items()}, "HttpHeaders": headers}
    told = {name: answer[name] for name in ("ExecutedVersion", "LogResult") if name in answer}
    told |= {"Payload": payload, "SdkHttpMetadata": http | {"HttpStatusCode": said["HTTPStatusCode"]}}
    return told | {"SdkResponseMetadata": {"RequestId": said.get("RequestId", "")}, "StatusCode": answer["StatusCode"]}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text else {}
    except ValueError:
        return text


def _failed_by_arn(otherwise: Any) -> Any:
    def failed(self: Any, env: Any, ex: Exception) -> FailureEvent:
        """A refusal of Lambda's by its own name. Its cause in the words of SDK 1 for Java, which AWS has there. (?)"""
        if not isinstance(ex, ClientError):
            found: FailureEvent = otherwise(self, env, ex)
            return found
        error, said = ex.response["Error"], ex.response["ResponseMetadata"]
        where = f"Status Code: {said['HTTPStatusCode']}; Error Code: {error['Code']}"
        cause = (
            f"{error['Message']} (Service: AWSLambda; {where}; Request ID: {said.get('RequestId', '')}; Proxy: null)"
        )
        name = f"Lambda.{error['Code']}"
        details: Any = {"lambdaFunctionFailedEventDetails": {"error": name, "cause": cause}}
        return FailureEvent(env, CustomErrorName(name), HistoryEventType.LambdaFunctionFailed, details)

    return failed


# -- any operation of AWS --------------------------------------------------------------------------


def error_prefix(service: str) -> str:
    """What stands before errors of a service: its name in SDK 2 for Java. service: as a resource says."""
    words = _WORD_ENDS.split(_service_id(service))
    return "".join(word[:1].upper() + word[1:].lower() for word in words)


def _send(self: Any, parameters: dict[str, Any], *names: Any, **named: Any) -> None:
    """By moto's names: what a service is asked with becomes what boto3 takes."""
    shape = _operation(self, *names, **named).input_shape
    sent = _sent(dict(parameters), shape)
    parameters.clear()
    parameters.update(sent)


def _receive(self: Any, response: Any, *names: Any, **named: Any) -> None:
    """By moto's names: what boto3 says becomes what a state has."""
    if isinstance(response, dict):
        received = _received(dict(response), _operation(self, *names, **named).output_shape)
        response.clear()
        response.update(received)


def _operation(task: Any, boto_service_name: str | None = None, service_action_name: str | None = None) -> Any:
    """ValueError: the service has none of that name."""
    model = get_service_model(task._get_boto_service_name(boto_service_name))
    method = task._get_boto_service_action(service_action_name)
    for name in model.operation_names:
        if xform_name(name) == method:
            return model.operation_model(name)
    said = task.resource.api_action
    meant = next((name for name in model.operation_names if name.lower() == said.lower()), None)
    hint = f"; {meant[0].lower()}{meant[1:]} is one" if meant else ""
    raise ValueError(f"{model.service_id} has no action {said}{hint}")


def _sent(value: Any, shape: Any) -> Any:
    """As boto3 takes it."""
    if shape is None:
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {name.lower(): name for name in shape.members}
        known = {names.get(name.lower(), name): inner for name, inner in value.items()}
        return {name: _sent(inner, shape.members.get(name)) for name, inner in known.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_sent(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _sent(inner, shape.value) for key, inner in value.items()}
    if shape.type_name == "blob" and not isinstance(value, bytes):
        return (value if isinstance(value, str) else _written(value)).encode()
    if shape.type_name == "string" and isinstance(value, dict | list):
        return _written(value)
    return value


def _received(value: Any, shape: Any) -> Any:
    """As Step Functions has it."""
    kind = None if shape is None else shape.type_name
    if isinstance(value, StreamingBody):
        return value.read().decode("utf-8", "replace")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime):
        return written(value.timestamp())
    if isinstance(value, list):
        return [_received(item, getattr(shape, "member", None)) for item in value]
    if isinstance(value, dict) and kind == "structure":
        return {name[:1].upper() + name[1:]: _received(inner, shape.members.get(name)) for name, inner in value.items()}
    if isinstance(value, dict):
        return {key: _received(inner, getattr(shape, "value", None)) for key, inner in value.items()}
    return value


def _written(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _service_id(service: str) -> str:
    """By botocore's model: `DynamoDB`, `Secrets Manager`; what it does not know as it is."""
    try:
        return str(get_service_model(SERVICES.get(service, service)).metadata["serviceId"])
    except UnknownServiceError:
        return service
