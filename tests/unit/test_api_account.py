"""GetAccountSettings: true sums, and the limits that hold here."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import ACCOUNT, REGION, Activations, Api, make_context, shown, zipped

from lambda_emu.api.operations.account import get_account_settings
from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.model.function.function import Artifact
from lambda_emu.model.layers.layer import Layer, LayerVersion
from lambda_emu.store import Transaction

ONE = zipped({"app.py": "def handler(event, context): return 1"})
TWO = zipped({"app.py": "def handler(event, context): return 'two'"})


def usage(api: Api) -> tuple[int, int]:
    found = api.client.get_account_settings()["AccountUsage"]
    return found["FunctionCount"], found["TotalCodeSize"]


def test_an_empty_account_has_its_limits_and_uses_nothing(api: Api) -> None:
    assert shown(api.client.get_account_settings()) == {
        "AccountLimit": {
            "TotalCodeSize": 322122547200,
            "CodeSizeUnzipped": 262144000,
            "CodeSizeZipped": 52428800,
            "ConcurrentExecutions": 1000,
            "UnreservedConcurrentExecutions": 1000,
        },
        "AccountUsage": {"TotalCodeSize": 0, "FunctionCount": 0},
    }


def test_code_counts_for_each_version_that_has_it(api: Api) -> None:
    api.created("f", Code={"ZipFile": ONE})
    assert usage(api) == (1, len(ONE))

    api.client.publish_version(FunctionName="f")
    assert usage(api) == (1, 2 * len(ONE))

    api.client.update_function_configuration(FunctionName="f", Timeout=4)
    api.activations.finish()
    assert usage(api) == (1, 2 * len(ONE))

    api.client.update_function_code(FunctionName="f", ZipFile=TWO)
    assert usage(api) == (1, len(ONE) + len(TWO))

    api.client.delete_function(FunctionName="f")
    assert usage(api) == (0, 0)


def test_every_layer_version_counts(api: Api) -> None:
    code = Artifact("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", 300, 1200)
    layer = Layer("l", 3, {number: LayerVersion(number, code, "") for number in (1, 3)})

    def put(transaction: Transaction) -> None:
        transaction.put(api.store.layers, Scope(ACCOUNT, REGION), "l", layer)
        transaction.put(api.store.layers, Scope(ACCOUNT, "eu-west-1"), "l", layer)

    api.store.write(put)

    assert usage(api) == (0, 600)


def test_reservations_are_taken_from_the_unreserved(api: Api) -> None:
    for name in ("a", "b"):
        api.created(name)
        api.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=150)

    limit = api.client.get_account_settings()["AccountLimit"]

    assert (limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]) == (1000, 700)


@pytest.mark.parametrize(("concurrency", "unreserved"), [(500, 490), (5, 0)])
def test_the_setting_is_the_limit_and_nothing_falls_below_zero(api: Api, concurrency: int, unreserved: int) -> None:
    api.created("f")
    api.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=10)
    context = make_context(api.store, Clock(), Activations(api.store, Clock()), account_concurrency=concurrency)

    limit: dict[str, Any] = get_account_settings({}, context)["AccountLimit"]

    assert (limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]) == (concurrency, unreserved)
