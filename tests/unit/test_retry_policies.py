"""How long a delivery is tried says its policy, and one that is given up becomes a dead letter, whatever ends us."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from socket import socket

import pytest
from msgspec.structs import replace
from outbox_rig import FUNCTION, ILL, WELL, Rig, Targets, running
from signing_rig import credentials
from waiting import eventually

from lambda_emu.destinations.delivery import Delivery, delivery_of, work_of
from lambda_emu.destinations.failures import NotDelivered, Undeliverable, Unreached, code_of_rule
from lambda_emu.destinations.retries import Cause, RetryPolicy
from lambda_emu.destinations.senders import ClientSender
from lambda_emu.services.clients import Clients

LETTERS = "arn:aws:test:us-east-1:123456789012:letters"
OF_RULE = RetryPolicy(86_400, 185, LETTERS, Cause.RULE, {"RULE_ARN": "the rule", "TARGET_ARN": ILL})
OF_SCHEDULE = replace(OF_RULE, cause=Cause.SCHEDULE, attributes={"SCHEDULE_ARN": "the schedule"})


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with running(tmp_path, Targets()) as rig:
        rig.targets.mood[ILL] = "refuses"
        yield rig


def letters(rig: Rig, count: int = 1) -> list[tuple[int, dict[str, str]]]:
    """What came of each: the number that it brought, and its attributes."""
    eventually(lambda: len(rig.targets.got.get(LETTERS, [])) == count, f"{count} dead letters")
    told = [one for one in rig.targets.told if one.target == LETTERS]
    assert {kind for one in told for kind, _ in one.attributes.values()} == {"String"}
    attributes = [{name: value for name, (_, value) in one.attributes.items()} for one in told]
    return list(zip(map(int, rig.targets.got[LETTERS]), attributes, strict=True))


@pytest.mark.parametrize("most_retries", [0, 1, 3])
def test_one_is_tried_again_as_often_as_its_policy_says(rig: Rig, most_retries: int) -> None:
    rig.enqueue(ILL, 7, policy=replace(OF_SCHEDULE, most_retries=most_retries))
    for tries in range(1, most_retries + 1):
        eventually(lambda tries=tries: rig.targets.tries[ILL] == tries, f"try {tries}")  # type: ignore[misc]
        rig.clock.advance(300)

    assert letters(rig) == [
        (
            7,
            {
                "SCHEDULE_ARN": "the schedule",
                "ERROR_CODE": "ServiceException",
                "ERROR_MESSAGE": "not today",
                "RETRY_ATTEMPTS": str(most_retries),
                "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
            },
        )
    ]
    assert (rig.targets.tries[ILL], rig.left(ILL)) == (most_retries + 1, 0)


def test_one_is_tried_until_it_is_too_old_and_the_dead_letter_has_its_last_error(rig: Rig) -> None:
    rig.enqueue(ILL, 7, policy=replace(OF_SCHEDULE, most_age_s=60))
    eventually(lambda: rig.targets.tries[ILL] == 1, "the first try")
    rig.targets.said = NotDelivered("nor tomorrow", "ServiceUnavailable")
    rig.clock.advance(30)
    eventually(lambda: rig.targets.tries[ILL] == 2, "another")

    rig.clock.advance(30)

    (number, told), *_ = letters(rig)
    assert (number, told["ERROR_CODE"], told["ERROR_MESSAGE"]) == (7, "ServiceUnavailable", "nor tomorrow")
    assert (told["EXHAUSTED_RETRY_CONDITION"], told["RETRY_ATTEMPTS"]) == ("MaximumEventAgeInSeconds", "1")
    assert rig.targets.tries[ILL] == 2


@pytest.mark.parametrize("policy", [OF_RULE, OF_SCHEDULE])
@pytest.mark.parametrize(
    "said",
    [
        NotDelivered("gone", "ResourceNotFoundException"),
        NotDelivered("gone", "AWS.SimpleQueueService.NonExistentQueue"),
        NotDelivered("not you", "AccessDeniedException"),
        Undeliverable("too large", "InvalidParameterValue"),
    ],
)
def test_what_no_retry_helps_is_a_dead_letter_at_once(rig: Rig, policy: RetryPolicy, said: Exception) -> None:
    rig.targets.said = said
    rig.enqueue(ILL, 7, policy=policy)

    ((number, told),) = letters(rig)
    assert (number, told["RETRY_ATTEMPTS"], told["ERROR_MESSAGE"]) == (7, "0", str(said))
    assert "EXHAUSTED_RETRY_CONDITION" not in told


def test_a_result_waits_for_a_target_that_is_not_there_yet(rig: Rig) -> None:
    rig.targets.said = NotDelivered("gone", "ResourceNotFoundException")
    rig.enqueue(ILL, 7)
    eventually(lambda: rig.targets.tries[ILL], "the first try")

    rig.targets.mood.clear()
    rig.clock.advance(1)

    eventually(lambda: rig.targets.got[ILL] == [b"7"], "it to be delivered")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("ResourceNotFoundException", "NO_RESOURCE"),
        ("AWS.SimpleQueueService.NonExistentQueue", "NO_RESOURCE"),
        ("NoSuchBucket", "NO_RESOURCE"),
        ("AccessDeniedException", "NO_PERMISSIONS"),
        ("ThrottlingException", "THROTTLING"),
        ("TooManyRequestsException", "THROTTLING"),
        ("EndpointConnectionError", "CONNECTION_FAILURE"),
        ("Timeout", "TIMEOUT"),
        ("InvalidParameterValueException", "INVALID_PARAMETER"),
        ("ServiceException", "ERROR_FROM_TARGET"),
    ],
)
def test_rules_have_codes_of_their_own_for_what_services_say(code: str, told: str) -> None:
    assert code_of_rule(code) == told


def test_those_that_are_given_up_hold_up_no_others(rig: Rig) -> None:
    """Though all of them fail: each is tried once, as soon as it is there."""
    rig.enqueue(ILL, *range(200), policy=replace(OF_RULE, most_retries=0))

    assert sorted(number for number, _ in letters(rig, 200)) == list(range(200))
    assert rig.targets.tries[ILL] == 200


@pytest.mark.parametrize("cause", [Cause.RESULT, Cause.RULE, Cause.SCHEDULE])
def test_a_server_that_begins_or_ends_makes_no_attempt(rig: Rig, cause: Cause) -> None:
    """Its own port, by which services are asked, does not answer then."""
    rig.targets.said = Unreached("nobody listens")
    rig.enqueue(ILL, 7, policy=replace(OF_RULE, cause=cause, most_retries=0))
    eventually(lambda: rig.targets.tries[ILL], "the first try")

    rig.targets.mood.clear()
    rig.clock.advance(1)

    eventually(lambda: rig.targets.got[ILL] == [b"7"], "it to be delivered")
    assert LETTERS not in rig.targets.got


def test_a_service_is_not_reached_where_nobody_listens(rig: Rig) -> None:
    (work,) = rig.work("arn:aws:sns:us-east-1:123456789012:news", 1)
    with socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        clients = Clients(lambda: f"http://127.0.0.1:{nobody.getsockname()[1]}", credentials)

        with pytest.raises(Unreached):
            rig.loop.run(ClientSender(clients.call, rig.loop).send(delivery_of(work), b"x"), 10)
        clients.close()


def test_one_without_a_queue_for_it_is_dropped(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.enqueue(ILL, 7, policy=replace(OF_RULE, most_retries=0, dead_letters=None))

    eventually(lambda: rig.left(ILL) == 0, "it to be given up")
    assert "number 7 of f is not delivered" in caplog.text
    assert rig.targets.told == []


def test_a_later_run_goes_on_where_an_earlier_one_was(tmp_path: Path) -> None:
    """With the tries that were made, the last error, and dead letters that nobody took yet."""
    ill = Targets()
    ill.mood |= {ILL: "refuses", LETTERS: "hangs"}
    with running(tmp_path, ill) as rig:
        rig.enqueue(ILL, 1, policy=replace(OF_RULE, most_retries=0))
        eventually(lambda: ill.tries[LETTERS], "the dead letter of the first")
        rig.enqueue(ILL, 2, policy=replace(OF_RULE, most_retries=1))
        eventually(lambda: ill.tries[ILL] == 2, "the first try of the second")
        eventually(lambda: [one.attempts for one in rig.store.work.all(f"delivery {ILL}")] == [1], "it to be put off")

    later = Targets()
    later.mood[ILL] = "refuses"
    with running(tmp_path, later) as rig:
        rig.clock.advance(300)
        found = dict(letters(rig, 2))

    assert [found[number]["RETRY_ATTEMPTS"] for number in (1, 2)] == ["0", "1"]
    assert later.tries[ILL] == 1


def test_a_dead_letter_shares_what_its_delivery_was_to_bring(rig: Rig) -> None:
    """Though another's payload it was, which goes with the last of both."""
    first = Delivery(rig.clock.new_id(), WELL, FUNCTION, "first")
    second = replace(first, id=rig.clock.new_id(), target=ILL, prefix="1", policy=replace(OF_RULE, most_retries=0))
    now_s = rig.clock.steady_s()
    rig.keep([work_of(first, now_s, b"7"), work_of(second, now_s, brought_by=first.id)])

    assert [number for number, _ in letters(rig)] == [17]
    eventually(lambda: rig.payloads() == 0, "the payload to go")


def test_a_policy_is_kept_as_it_is(rig: Rig) -> None:
    for policy in (OF_RULE, OF_SCHEDULE, RetryPolicy()):
        (work,) = rig.work(ILL, 1, policy=policy, options={"MessageGroupId": "g"}, last=("code", "text"))
        found = delivery_of(work)
        assert (found.policy, found.options, found.last) == (policy, {"MessageGroupId": "g"}, ("code", "text"))


def test_a_record_of_an_earlier_release_is_read(rig: Rig) -> None:
    (work,) = rig.work(ILL, 1)
    assert len(json.loads(work.record)) == 10
    assert delivery_of(work).policy == RetryPolicy()
