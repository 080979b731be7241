"""How SNS posts to URLs, which first have to say that they want it."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import uuid4

from lambda_emu.services.child.program.front import Front

log = logging.getLogger(__name__)

THREADS = 4
LIMIT_S = 15.0
TRIES = 4
"""As AWS's own policy has it: three retries."""
MOST_WAITING = 1000
WAIT_S = 1.0
"""Before the second try; AWS waits 20 s."""
T = TypeVar("T")


def url_headers(kind: str, topic_arn: str) -> dict[str, str]:
    """Those of every post."""
    return {
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent",
        "x-amz-sns-message-type": kind,
        "x-amz-sns-topic-arn": topic_arn,
    }


class Urls(Generic[T]):
    """Posts on threads of its own, in no order. give_up: told of what nobody took, and why."""

    def __init__(self, give_up: Callable[[T, object], None]) -> None:
        self._give_up = give_up
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="SNS to URLs")
        self._room = threading.Semaphore(MOST_WAITING)

    def post(self, url: str, headers: dict[str, str], body: str, what: T) -> None:
        if self._room.acquire(blocking=False):
            self._threads.submit(self._try, url, headers, body, what).add_done_callback(lambda _: self._room.release())
        else:
            self._give_up(what, f"{MOST_WAITING} wait already")

    def _try(self, url: str, headers: dict[str, str], body: str, what: T) -> None:
        import requests  # moto has it

        problem: object = None
        for attempt in range(TRIES):
            if attempt:
                threading.Event().wait(WAIT_S * attempt)
            try:
                answer = requests.post(url, body.encode(), headers=headers, timeout=LIMIT_S)
            except requests.RequestException as error:
                problem = error
                continue
            if answer.status_code < 300:
                return
            problem = f"it answered {answer.status_code}"
            if answer.status_code < 500 and answer.status_code != 429:
                break
        self._give_up(what, problem)


def replace_confirmation(front: Front) -> None:
    """moto subscribes URLs without asking them."""
    from moto.core.responses import ActionResult
    from moto.moto_api._internal import mock_random
    from moto.sns import models, responses
    from moto.sns.exceptions import SNSInvalidParameter

    urls: Urls[str] = Urls(
        lambda arn, problem: log.warning("SNS could not ask %s whether it wants to know: %s", arn, problem)
    )
    subscribe, answer_subscribe = models.SNSBackend.subscribe, responses.SNSResponse.subscribe

    def subscribe_and_ask(self: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
        known = self._find_subscription(topic_arn, endpoint, protocol)
        subscription: Any = subscribe(self, topic_arn, endpoint, protocol)
        if protocol in ("http", "https") and (known is None or known.attributes["PendingConfirmation"] is True):
            subscription.token = getattr(subscription, "token", None) or mock_random.uuid4().hex
            subscription.attributes |= {"PendingConfirmation": True, "ConfirmationWasAuthenticated": False}
            if not front.is_silent:
                _ask(front, urls, subscription)
        return subscription

    def answer_pending(self: Any) -> Any:
        result: Any = answer_subscribe(self)
        arn = result.result["SubscriptionArn"]
        pending = self.backend.subscriptions[arn].attributes["PendingConfirmation"] is True
        wants_arn = str(self._get_param("ReturnSubscriptionArn", "false")).lower() == "true"
        return ActionResult({"SubscriptionArn": "pending confirmation"}) if pending and not wants_arn else result

    def confirm(self: Any) -> Any:
        topic, token = self._get_param("TopicArn"), self._get_param("Token")
        for subscription in self.backend.subscriptions.values():
            if subscription.topic.arn == topic and token and getattr(subscription, "token", None) == token:
                subscription.attributes["PendingConfirmation"] = False
                return ActionResult({"SubscriptionArn": subscription.arn})
        raise SNSInvalidParameter("Invalid parameter: Token")

    models.SNSBackend.subscribe = subscribe_and_ask  # type: ignore[method-assign]
    responses.SNSResponse.subscribe = answer_pending  # type: ignore[method-assign]
    responses.SNSResponse.confirm_subscription = confirm  # type: ignore[method-assign]


def _ask(front: Front, urls: Urls[str], subscription: Any) -> None:
    from moto.core.utils import iso_8601_datetime_with_milliseconds

    topic = subscription.topic.arn
    region, account = topic.split(":")[3:5]
    said = {"Action": "ConfirmSubscription", "TopicArn": topic, "Token": subscription.token, "Version": "2010-03-31"}
    signed = {"X-Amz-Credential": f"{account}/20260101/{region}/sns/aws4_request"}
    told = {
        "Type": "SubscriptionConfirmation",
        "MessageId": str(uuid4()),
        "Token": subscription.token,
        "TopicArn": topic,
        "Message": f"You have chosen to subscribe to the topic {topic}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message.",
        "SubscribeURL": f"{front.url}/?{urlencode(said | signed)}",
        "Timestamp": iso_8601_datetime_with_milliseconds(),
        "SignatureVersion": "1",
    }
    headers = {**url_headers("SubscriptionConfirmation", topic), "x-amz-sns-message-id": str(told["MessageId"])}
    urls.post(subscription.endpoint, headers, json.dumps(told), subscription.arn)
