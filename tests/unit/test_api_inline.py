"""Small invocations on the loop, which are parsed by the same model as all others."""

from __future__ import annotations

from lambda_emu.api.inline import SAID_IN
from lambda_emu.api.wire.service_model import lambda_model


def test_what_was_said_in_every_header_of_invoke_tells_two_invocations_apart() -> None:
    assert set(SAID_IN) == set(lambda_model().operation("Invoke").input.headers)


def test_of_an_event_nothing_is_demanded() -> None:
    payload = lambda_model().operation("Invoke").input.payload

    assert payload is not None
    assert (payload.required, payload.shape.constraints) == (False, ())
