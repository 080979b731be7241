"""Functions that send e-mail and SMS themselves: they are told the code encrypted, and nobody waits for them."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from lambda_emu.services.child.program.front import Front, FrontError, FrontGone
from lambda_emu.services.child.program.pools.encryption import DataKey, encrypt
from lambda_emu.services.child.program.pools.errors import FunctionNotRun, InvalidParameter
from lambda_emu.services.child.program.pools.finding import PoolCall, told_attributes
from lambda_emu.services.child.program.pools.triggers import Trigger, Triggers, event_of, function_of

SENDERS = {"EMAIL": Trigger("CustomEmailSender"), "SMS": Trigger("CustomSMSSender")}


class Senders:
    """front: has functions run, and tells data keys of KMS."""

    def __init__(self, front: Front, triggers: Triggers) -> None:
        self._front = front
        self._triggers = triggers

    def are_of(self, pool: Any, medium: str) -> bool:
        """Whether it has a function for it."""
        return function_of(pool, SENDERS[medium].name) is not None

    def send(self, call: PoolCall, user: Any, medium: str, source: str, code: str) -> None:
        """By the function that there is. source: of CustomMessage, which does not run then. PoolError."""
        trigger = SENDERS[medium]
        arn = function_of(call.pool, trigger.name)
        assert arn is not None
        self._triggers.check_permission(call, trigger, arn)
        request = {
            "type": f"c{trigger.name[1:]}RequestV1",
            "code": b64encode(encrypt(code.encode(), self._data_key(call, trigger))).decode(),
            "clientMetadata": call.asked.texts("ClientMetadata") or None,
            "userAttributes": told_attributes(user),
        }
        event = event_of(call, trigger, f"{trigger.name}_{source.partition('_')[2]}", user.username, request)
        try:
            self._front.send_event(arn, event)
        except FrontGone:
            raise
        except FrontError as error:
            raise FunctionNotRun(trigger.name, error) from error

    def _data_key(self, call: PoolCall, trigger: Trigger) -> DataKey:
        key = (call.pool.extended_config.get("LambdaConfig") or {}).get("KMSKeyID")
        if not key:
            raise InvalidParameter("KMSKeyID is required for custom sender Lambda triggers")
        try:
            plain, encrypted, key_arn = self._front.data_key(key)
        except FrontGone:
            raise
        except FrontError as error:
            raise FunctionNotRun(trigger.name, error) from error
        return DataKey(key_arn, plain, encrypted)
