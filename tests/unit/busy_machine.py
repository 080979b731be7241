"""What holds of every test: what a busy machine does to the time it takes says nothing of the product."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# How long a busy machine takes to make an example up is no failure.
settings.register_profile("any machine", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Nothing that is found is garbage, and whoever looks for garbage later need not look through it each time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
