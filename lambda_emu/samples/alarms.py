"""Of alarms: docs/contract/events.md#pushed-events."""

from __future__ import annotations

from typing import Any

from lambda_emu.samples.sample import FUNCTION, SampleRequest, Samples
from lambda_emu.services.alarms.alarm import ALARM, OK, Alarm, State, arn_of
from lambda_emu.services.alarms.notices import Change, for_function
from lambda_emu.services.alarms.reasons import Datapoint, composite_reason, reason, reason_data
from lambda_emu.services.alarms.verdict import Verdict

ALARMS = Samples("alarms")
SAMPLES = (ALARMS,)
PERIOD_S = 60


@ALARMS.add(
    "metric",
    "An alarm of a metric that has crossed its threshold.",
    name="orders-fail",
    description="Orders fail",
    namespace="AWS/Lambda",
    metric="Errors",
    dimensions=f'{{"FunctionName": "{FUNCTION}"}}',
    threshold="1",
    value="3",
)
def metric(asked: SampleRequest) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": str(value)} for name, value in asked.object("dimensions").items()]
    members: dict[str, Any] = {
        "AlarmDescription": asked["description"],
        "Namespace": asked["namespace"],
        "MetricName": asked["metric"],
        "Dimensions": dimensions,
        "Statistic": "Sum",
        "Period": PERIOD_S,
        "EvaluationPeriods": 1,
        "Threshold": asked.number("threshold"),
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }
    now_s = asked.now_s
    at_s = int(now_s) // PERIOD_S * PERIOD_S - PERIOD_S
    before = State(OK, *_judged(members, Datapoint(at_s - PERIOD_S, 0.0, 1.0), OK, now_s - PERIOD_S))
    after = State(ALARM, *_judged(members, Datapoint(at_s, asked.number("value"), 1.0), ALARM, now_s))
    return for_function(Change(_alarm(asked, members, after), before))


@ALARMS.add(
    "composite",
    "An alarm by the states of others.",
    name="shop-fails",
    description="The shop fails",
    child="orders-fail",
)
def composite(asked: SampleRequest) -> dict[str, Any]:
    rule = f"ALARM({arn_of(asked.scope, asked['child'])})"
    members = {"AlarmDescription": asked["description"], "AlarmRule": rule}
    now_s = asked.now_s
    after, before = (_followed(asked, value, at_s) for value, at_s in ((ALARM, now_s), (OK, now_s - PERIOD_S)))
    return for_function(Change(_alarm(asked, members, after), before))


def _followed(asked: SampleRequest, value: str, at_s: float) -> State:
    """The state of a composite alarm, of that of its child."""
    scope, state = asked.scope, State(value, "", None, at_s, at_s)
    child = Alarm(scope.account, scope.region, asked["child"], False, {}, state, at_s, {})
    return State(value, *composite_reason([child]), at_s, at_s)


def _judged(members: dict[str, Any], point: Datapoint, value: str, now_s: float) -> tuple[str, str, float, float]:
    """What follows the value of a state."""
    verdict = Verdict(value, (0,), 0)
    return reason(members, [point], verdict), reason_data(members, [point], verdict, now_s), now_s, now_s


def _alarm(asked: SampleRequest, members: dict[str, Any], state: State) -> Alarm:
    scope = asked.scope
    return Alarm(scope.account, scope.region, asked["name"], "AlarmRule" in members, members, state, state.at_s, {})
