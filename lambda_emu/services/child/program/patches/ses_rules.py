"""SES's rules for what comes in: what moto has not of them, and whom they name, which is asked of our own server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from moto.core.responses import EmptyResult
from moto.ses.exceptions import (
    AlreadyExists,
    InvalidLambdaFunctionException,
    InvalidS3ConfigurationException,
    InvalidSnsTopicException,
    RuleDoesNotExist,
    SesError,
)
from moto.ses.models import SESBackend
from moto.ses.responses import EmailResponse

from lambda_emu.services.child.program.front import Front, FrontError, FrontGone

Params = Mapping[str, Any]
_create = SESBackend.create_receipt_rule
_update = SESBackend.update_receipt_rule


def replace_rules(front: Front) -> None:
    def check(backend: Any, rule: Params) -> None:
        for action in rule.get("Actions") or ():
            for said in action.values():
                _check(front, backend, said)

    def create(backend: Any, rule_set_name: str, rule: dict[str, Any], after: str | None) -> None:
        there = backend.receipt_rule_set.get(rule_set_name)
        if there is not None and any(one["Name"] == rule["Name"] for one in there.rules):
            raise AlreadyExists(f"Rule already exists: {rule['Name']}")
        _create(backend, rule_set_name, rule, after)

    def update(backend: Any, rule_set_name: str, rule: dict[str, Any]) -> None:
        check(backend, rule)
        _update(backend, rule_set_name, rule)

    model: Any = SESBackend
    model._validate_receipt_rule_actions = check
    model.create_receipt_rule, model.update_receipt_rule = create, update
    for operation in (delete_receipt_rule, reorder_receipt_rule_set, set_receipt_rule_position):
        setattr(EmailResponse, operation.__name__, _answering(operation))


def _answering(operation: Callable[[Any, Params], None]) -> Any:
    def answer(response: Any) -> EmptyResult:
        operation(response.backend, response.params)
        return EmptyResult()

    return answer


def delete_receipt_rule(backend: Any, params: Params) -> None:
    """One that is not there is deleted, as on AWS."""
    rule_set = backend.describe_receipt_rule_set(params["RuleSetName"])
    rule_set.rules = [one for one in rule_set.rules if one["Name"] != params["RuleName"]]


def reorder_receipt_rule_set(backend: Any, params: Params) -> None:
    rule_set, names = backend.describe_receipt_rule_set(params["RuleSetName"]), params["RuleNames"]
    by_name = {one["Name"]: one for one in rule_set.rules}
    for name in {*names} ^ by_name.keys():
        raise RuleDoesNotExist(f"Rule does not exist: {name}")
    rule_set.rules = [by_name[name] for name in names]


def set_receipt_rule_position(backend: Any, params: Params) -> None:
    rule = backend.describe_receipt_rule(params["RuleSetName"], params["RuleName"])
    rule_set = backend.describe_receipt_rule_set(params["RuleSetName"])
    others: Sequence[Any] = [one for one in rule_set.rules if one is not rule]
    after = params.get("After")
    places = [place for place, one in enumerate(others, 1) if one["Name"] == after] if after else [0]
    if not places:
        raise RuleDoesNotExist(f"Rule does not exist: {after}")
    rule_set.rules = [*others[: places[0]], rule, *others[places[0] :]]


def _check(front: Front, backend: Any, said: Params) -> None:
    """Whom an action names has to be there."""
    account, region = backend.account_id, backend.region_name
    with _refusing(InvalidLambdaFunctionException, f"Invalid Lambda function: {said.get('FunctionArn')}"):
        if said.get("FunctionArn"):
            front.find_function(said["FunctionArn"])
    with _refusing(InvalidS3ConfigurationException, f"Could not write to bucket: {said.get('BucketName')}"):
        if said.get("BucketName"):
            front.find_bucket(said["BucketName"], account, region)
    with _refusing(InvalidSnsTopicException, f"Invalid SNS topic: {said.get('TopicArn')}"):
        if said.get("TopicArn"):
            front.find_topic(said["TopicArn"])


@contextmanager
def _refusing(error: type[SesError], text: str) -> Iterator[None]:
    try:
        yield
    except FrontGone:
        raise
    except FrontError as refused:
        raise error(text) from refused
