"""Tests of methods and authorizers, run as a request would be, past nobody who guards them. On the loop."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.request import Request
from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.http_event import parameters_of
from lambda_emu.triggers.known import Told
from lambda_emu.triggers.rest_apis.api import TRIAL, read_api, read_authorizer
from lambda_emu.triggers.rest_apis.authorizing.authorizers import pool_authorizers
from lambda_emu.triggers.rest_apis.authorizing.functions import FunctionAuthorizers
from lambda_emu.triggers.rest_apis.authorizing.policies import read_answer
from lambda_emu.triggers.rest_apis.authorizing.pools import KIND
from lambda_emu.triggers.rest_apis.data_plane import DataPlane
from lambda_emu.triggers.rest_apis.entering import Entered
from lambda_emu.triggers.rest_apis.gateway_responses import EXTENDED_ID, REQUEST_ID
from lambda_emu.triggers.rest_apis.noting import ExecutionLog, shown_body, shown_map
from lambda_emu.triggers.rest_apis.refusals import RestRefusal
from lambda_emu.triggers.rest_apis.trying.asked import Trial, TrialNotFound, entered_by, entered_for, read_trial

ReadNow = Callable[[str], Awaitable[Told | None]]
"""A REST API as it is now, as read_api takes it, with a stage TRIAL; None: there is none of this id."""
UNTOLD = (REQUEST_ID.lower(), EXTENDED_ID.lower())
Said = Mapping[str, Any]


class Trials:
    """Of all REST APIs. Each is read anew: what is tried is not deployed, and may have changed just now."""

    def __init__(self, seams: Seams, plane: DataPlane, read: ReadNow) -> None:
        self._clock = seams.clock
        self._plane = plane
        self._read = read
        self._functions = FunctionAuthorizers(seams)
        self._pools = pool_authorizers(seams)

    async def method(self, asked: Request, owner: Scope, given: Said, api_id: str, below: tuple[str, str]) -> Said:
        """What TestInvokeMethod answers. below: the resource's id, and the verb. TrialNotFound, TrialInvalid."""
        trial = read_trial(given)
        api = read_api(await self._told(owner, api_id))
        resource_id, verb = below
        deployment = api.stages[TRIAL].deployment
        resource = None if deployment is None else deployment.resources.get(resource_id)
        if resource is None:
            raise TrialNotFound("Resource")
        method = resource.methods.get(verb)
        if method is None:
            raise TrialNotFound("Method")
        entered = entered_by(trial, api, resource, method, verb, self._clock.new_id(), asked.caller)
        log, begun_s = ExecutionLog(self._clock, entered.request.request_id), self._clock.monotonic_s()
        _note_request(log, entered, trial)
        answer = await self._answer(entered, log)
        log.note(f"Method completed with status: {answer.status}")
        headers = [one for one in answer.headers if one[0].lower() not in UNTOLD]
        several: dict[str, list[str]] = {}
        for name, value in headers:
            several.setdefault(name, []).append(value)
        return {
            "status": answer.status,
            "body": answer.body.decode("utf-8", "replace"),
            "headers": dict(headers),
            "multiValueHeaders": several,
            "log": log.text(),
            "latency": self._since_ms(begun_s),
        }

    async def authorizer(self, owner: Scope, given: Said, api_id: str, authorizer_id: str) -> Said:
        """What TestInvokeAuthorizer answers. TrialNotFound, TrialInvalid."""
        trial = read_trial(given)
        told = await self._told(owner, api_id)
        (now,) = told["deployments"].values()
        found = next((one for one in now["authorizers"] if one["id"] == authorizer_id), None)
        if found is None:
            raise TrialNotFound("Authorizer")
        entered = entered_for(read_authorizer(found), trial, read_api(told), self._clock.new_id())
        log, begun_s = ExecutionLog(self._clock, entered.request.request_id), self._clock.monotonic_s()
        log.note(f"Starting authorizer: {authorizer_id} for request: {entered.request.request_id}")
        said: dict[str, Any] = {"clientStatus": 200}
        try:
            said |= await self._said_by(entered, log)
        except RestRefusal as error:
            log.note(f"Execution failed: {error.hint or error.text}")
            said = {"clientStatus": error.status}
        return {**said, "log": log.text(), "latency": self._since_ms(begun_s)}

    async def _told(self, owner: Scope, api_id: str) -> Told:
        """TrialNotFound."""
        told = await self._read(api_id)
        if told is None or (told["account"], told["region"]) != (owner.account, owner.region):
            raise TrialNotFound("API", f" {owner.account}:{api_id}")
        return told

    async def _answer(self, entered: Entered, log: ExecutionLog) -> Answer:
        try:
            answer = await self._plane.try_out(entered, log.note)
        except LambdaError as error:
            log.note(f"Execution failed: {error.hint or error.text}")
            return self._plane.own_answer(error, entered)
        log.note(f"Method response body after transformations: {shown_body(answer.body)}")
        log.note(f"Method response headers: {shown_map(answer.headers)}")
        log.note("Successfully completed execution")
        return answer

    async def _said_by(self, entered: Entered, log: ExecutionLog) -> Said:
        """RestRefusal."""
        authorizer = entered.method.authorizer
        if authorizer is not None and authorizer.kind == KIND:
            permit = await self._pools.authorize(entered)
            return {"claims": (permit.entered.authorizer or {}).get("claims") or {}}
        payload = await self._functions.try_out(entered)
        log.note(f"Authorizer result body before parsing: {shown_body(payload)}")
        read_answer(payload)
        said = json.loads(payload)
        return {"principalId": said.get("principalId"), "policy": json.dumps(said["policyDocument"])}

    def _since_ms(self, begun_s: float) -> int:
        return round((self._clock.monotonic_s() - begun_s) * 1000)


def _note_request(log: ExecutionLog, entered: Entered, trial: Trial) -> None:
    log.note(f"Starting execution for request: {entered.request.request_id}")
    log.note(f"HTTP Method: {entered.request.method}, Resource Path: {entered.path}")
    log.note(f"Method request path: {shown_map(entered.parameters.items())}")
    log.note(f"Method request query string: {shown_map(_query(entered))}")
    log.note(f"Method request headers: {shown_map((name, ', '.join(each)) for name, each in trial.headers.items())}")
    log.note(f"Method request body before transformations: {shown_body(entered.request.body)}")


def _query(entered: Entered) -> list[tuple[str, str]]:
    found = parameters_of(entered.request.query.decode("latin-1"))
    return [(name, ", ".join(values)) for name, values in found.items()]
