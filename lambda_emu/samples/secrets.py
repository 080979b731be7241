"""Of secrets that are rotated: docs/contract/events.md#pushed-events."""

from __future__ import annotations

from lambda_emu.samples.sample import SampleRequest, Samples

SECRETS = Samples("secretsmanager")
SAMPLES = (SECRETS,)
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


@SECRETS.add("rotation", f"A step of a rotation: {', '.join(STEPS)}.", secret="shop-AbCdEf", step=STEPS[0])
def rotation(asked: SampleRequest) -> dict[str, str]:
    return {
        "Step": asked.one_of("step", STEPS),
        "SecretId": asked.scope.arn(f"secret:{asked['secret']}", "secretsmanager"),
        "ClientRequestToken": asked.clock.new_id(),
    }
