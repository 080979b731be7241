"""Whether a queue's own policy would let on AWS a service send to it. docs/decisions/queue-policies.md."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from threading import Lock

from lambda_emu.arn import scope_in
from lambda_emu.model.policies.decision import allows
from lambda_emu.model.policies.policy import Policy

log = logging.getLogger(__name__)

MOST_KNOWN = 1024
SEND = "sqs:SendMessage"


class QueuePolicies:
    """Says once of each queue and source what AWS would not deliver. policy_of: a queue's, by its ARN; empty: none."""

    def __init__(self, policy_of: Callable[[str], str]) -> None:
        self._policy_of = policy_of
        self._lock = Lock()  # guards the set
        self._known: set[tuple[str, str]] = set()

    def look(self, queue: str, service: str, source: str) -> None:
        """It was sent a message by this service, for the topic or bucket with this ARN."""
        with self._lock:
            if (queue, source) in self._known:
                return
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known.add((queue, source))
        policy = self._policy_of(queue)
        if policy and not _lets_in(policy, queue, service, source):
            log.warning(
                "the policy of %s does not allow %s to %s for %s: on AWS it would not get these messages",
                *(queue, SEND, service, source),
            )


def _lets_in(document: str, queue: str, service: str, source: str) -> bool:
    """What is no policy says nothing."""
    context = {"aws:SourceArn": source, "aws:SourceAccount": scope_in(queue).account}
    try:
        if not json.loads(document)["Statement"]:
            return True
        return allows(Policy("", document), service, SEND, queue, context)
    except (ValueError, LookupError, TypeError, AttributeError):
        return True
