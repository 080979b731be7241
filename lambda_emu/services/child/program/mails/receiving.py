"""E-mail that comes in: rules of any account here are followed, in threads that are there while there is some."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from moto.moto_api._internal import mock_random
from msgspec import msgpack

from lambda_emu.services.child.program.front import Front, FrontError, FrontGone, Invoker
from lambda_emu.services.child.program.mails.message import Mail
from lambda_emu.services.child.program.mails.notices import SUBJECT, Received
from lambda_emu.services.child.program.mails.rules import Disposition, Rule, matching, run
from lambda_emu.services.child.program.outbox import Outbox

log = logging.getLogger(__name__)

PRINCIPAL = "ses.amazonaws.com"
AT_ONCE = 4
ANSWER_LIMIT_S = 30.0
"""So long SES waits for a function that may stop a rule."""
ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
MOST_IN_A_MESSAGE = 150 * 1024
"""Of an e-mail that goes to a topic, as on AWS."""


class Receiving:
    """What is sent is in the outbox; what somebody receives by a rule waits beside it until that is done."""

    def __init__(self, front: Front, outbox: Outbox) -> None:
        self._front = front
        self._outbox = outbox
        self._lock = threading.Lock()  # guards both below
        self._waiting: deque[int] = deque()
        self._threads = 0

    def take(self, mail: Mail) -> None:
        """It is sent. outbox.Full."""
        is_received = any(matching(rule, mail.recipients, domains) for _, rules, domains in _active() for rule in rules)
        number = self._outbox.add(mail.told(), msgpack.encode(mail) if is_received else None)
        if is_received:
            self._begin([number])

    def resume(self) -> None:
        """What waited when the process ended. Once there is all that was known."""
        self._begin(self._outbox.arriving())

    def _begin(self, numbers: Sequence[int]) -> None:
        with self._lock:
            self._waiting.extend(numbers)
            for _ in range(min(len(self._waiting), AT_ONCE - self._threads)):
                self._threads += 1
                threading.Thread(target=self._run, name="e-mail that comes in", daemon=True).start()

    def _run(self) -> None:
        while (number := self._next()) is not None:
            try:
                kept = self._outbox.mail(number)
                if kept is not None:
                    self._receive(msgpack.decode(kept, type=Mail))
            except FrontGone:
                log.info("an e-mail that came in is received when lambda-emu runs again")
                continue
            except Exception:
                log.exception("an e-mail that came in")
            self._outbox.arrived(number)

    def _next(self) -> int | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._threads -= 1
            return None

    def _receive(self, mail: Mail) -> None:
        for backend, rules, domains in _active():
            run(rules, mail.recipients, domains, Actions(self._front, backend, mail).act)


class Actions:
    """What the rules of one set do with one e-mail. backend: moto's of their account and region."""

    def __init__(self, front: Front, backend: Any, mail: Mail) -> None:
        self._front = front
        self._account, self._region = backend.account_id, backend.region_name
        self._set = getattr(backend.describe_active_receipt_rule_set(), "name", "")
        self._rule = ""  # that is followed
        self._mail = mail
        self._extra: list[tuple[str, str]] = []
        self._id = "".join(mock_random.choice(ID_LETTERS) for _ in range(40))

    def act(self, rule: Rule, action: Mapping[str, Any], recipients: Sequence[str]) -> Disposition:
        kind, said = next(iter(action.items()), ("an action that is none", {}))
        do, self._rule = ACTIONS.get(kind), str(rule.get("Name"))
        if do is None:
            log.warning("rule %s of SES: %s has no effect here", rule.get("Name"), kind)
            return Disposition.CONTINUE
        try:
            return do(self, said, recipients)
        except FrontGone:
            raise
        except FrontError as error:
            log.warning("rule %s of SES could not do its %s: %s", rule.get("Name"), kind, error)
            return Disposition.CONTINUE

    @property
    def _received(self) -> Received:
        return Received(self._mail, self._id, self._extra)

    @property
    def _rule_arn(self) -> str:
        return f"arn:aws:ses:{self._region}:{self._account}:receipt-rule-set/{self._set}:receipt-rule/{self._rule}"

    def _run_function(self, said: Mapping[str, Any], recipients: Sequence[str]) -> Disposition:
        arn, kind = said["FunctionArn"], said.get("InvocationType") or "Event"
        action = {"type": "Lambda", "functionArn": arn, "invocationType": kind}
        self._tell(said.get("TopicArn"), recipients, action)
        event, by = self._received.event(recipients, action), Invoker(PRINCIPAL, self._rule_arn)
        if kind != "RequestResponse":
            self._front.send_event(arn, event, by)
            return Disposition.CONTINUE
        answered = self._front.run(arn, json.dumps(event).encode(), ANSWER_LIMIT_S, by)
        return _disposition(answered.body)

    def _store(self, said: Mapping[str, Any], recipients: Sequence[str]) -> Disposition:
        prefix = said.get("ObjectKeyPrefix") or ""
        key = prefix + self._id
        self._front.put_object(said["BucketName"], key, self._received.raw, self._account, self._region)
        action = {"type": "S3", "bucketName": said["BucketName"], "objectKeyPrefix": prefix, "objectKey": key}
        self._tell(said.get("TopicArn"), recipients, action)
        return Disposition.CONTINUE

    def _publish(self, said: Mapping[str, Any], recipients: Sequence[str]) -> Disposition:
        arn, encoding = said["TopicArn"], said.get("Encoding") or "UTF-8"
        if len(self._mail.raw) > MOST_IN_A_MESSAGE:
            raise FrontError(f"{arn}: an e-mail of {len(self._mail.raw)} bytes is more than {MOST_IN_A_MESSAGE}")
        received, action = self._received, {"type": "SNS", "topicArn": arn, "encoding": encoding}
        told = received.notification(recipients, action, received.content(encoding))
        self._front.publish(arn, SUBJECT, told)
        return Disposition.CONTINUE

    def _add_header(self, said: Mapping[str, Any], recipients: Sequence[str]) -> Disposition:
        self._extra.append((said["HeaderName"], " ".join(said["HeaderValue"].split())))
        return Disposition.CONTINUE

    def _stop(self, said: Mapping[str, Any], recipients: Sequence[str]) -> Disposition:
        self._tell(said.get("TopicArn"), recipients, {"type": "Stop"})
        return Disposition.STOP_RULE_SET

    def _tell(self, topic_arn: str | None, recipients: Sequence[str], action: Mapping[str, Any]) -> None:
        if topic_arn:
            told = {**action, "topicArn": topic_arn}
            self._front.publish(topic_arn, SUBJECT, self._received.notification(recipients, told))


ACTIONS: Mapping[str, Callable[[Actions, Mapping[str, Any], Sequence[str]], Disposition]] = {
    "LambdaAction": Actions._run_function,
    "S3Action": Actions._store,
    "SNSAction": Actions._publish,
    "AddHeaderAction": Actions._add_header,
    "StopAction": Actions._stop,
}


def _disposition(answer: bytes) -> Disposition:
    """What a function says is to happen; anything else lets it go on, as on AWS."""
    try:
        return Disposition[str(json.loads(answer)["disposition"]).upper()]
    except (ValueError, LookupError, TypeError):
        return Disposition.CONTINUE


def _active() -> Iterator[tuple[Any, Sequence[Rule], frozenset[str]]]:
    """The rules that are active, whoever's they are: e-mail knows no account. And the domains that are theirs."""
    from moto.ses.models import ses_backends

    for account in list(ses_backends):
        for backend in list(ses_backends[account].values()):
            rule_set = backend.describe_active_receipt_rule_set()
            if rule_set is not None and rule_set.rules:
                yield backend, list(rule_set.rules), frozenset(name for name in list(backend.email_identities))
