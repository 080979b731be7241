"""How long the Parameters and Secrets extension keeps what it was told, and for whom. docs/layers.md."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from boto_rig import client_at
from iam_rig import ACCOUNT, Account, allow, trusting_services
from iam_rig import SECRET as SECRET_KEY
from own import OwnLam, free_port, own_emulator
from test_secrets_extension import ASKS, EXTENSION, SECRET, ask, at


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("kept"), "process", stems=0) as lam:
        yield lam


class Values:
    """A secret and a parameter of one name, which have the same value."""

    def __init__(self, lam: OwnLam, name: str) -> None:
        self._lam, self._name = lam, name
        self._secrets, self._parameters = client_at(lam.url, "secretsmanager"), client_at(lam.url, "ssm")
        self._secrets.create_secret(Name=name)
        self.put("first")

    def put(self, text: str) -> None:
        self._secrets.put_secret_value(SecretId=self._name, SecretString=text)
        self._parameters.put_parameter(Name=self._name, Value=text, Type="String", Overwrite=True)

    def seen_by(self, function: str, more: str = "") -> list[str]:
        """What the extension tells a function of both."""
        _, secret = ask(self._lam, f"/secretsmanager/get?secretId={self._name}{more}", function)
        _, found = ask(self._lam, f"/systemsmanager/parameters/get/?name={self._name}{more}", function)
        return [secret["SecretString"], found["Parameter"]["Value"]]


def test_answers_are_kept_for_their_time_unless_a_fresh_one_is_asked_for(lam: OwnLam) -> None:
    variables = at(free_port(), SSM_PARAMETER_STORE_TTL="30")
    lam.create("asks", ASKS, Layers=[EXTENSION], Timeout=60, Environment=variables)
    values = Values(lam, "kept")
    assert values.seen_by("asks") == ["first", "first"]

    values.put("second")
    assert values.seen_by("asks") == ["first", "first"]
    lam.pass_time(40)
    assert values.seen_by("asks") == ["first", "second"]
    assert values.seen_by("asks", "&refreshNow=true") == ["second", "second"]

    values.put("third")
    lam.pass_time(301)
    assert values.seen_by("asks") == ["third", "third"]


def test_nothing_is_kept_where_the_function_says_so(lam: OwnLam) -> None:
    variables = at(free_port(), PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED="false")
    lam.create("forgets", ASKS, Layers=[EXTENSION], Timeout=60, Environment=variables)
    values = Values(lam, "not-kept")
    assert values.seen_by("forgets") == ["first", "first"]

    values.put("second")

    assert values.seen_by("forgets") == ["second", "second"]


def test_functions_that_share_a_port_are_told_apart_by_their_tokens(lam: OwnLam) -> None:
    """Also when one of them is gone."""
    port, values = free_port(), Values(lam, "shared")
    for name in ("one", "two"):
        lam.create(name, ASKS, Layers=[EXTENSION], Timeout=60, Environment=at(port))
        assert values.seen_by(name) == ["first", "first"]

    values.put("second")
    lam.client.delete_function(FunctionName="one")

    assert values.seen_by("two") == ["first", "first"]
    assert values.seen_by("two", "&refreshNow=true") == ["second", "second"]


def test_a_port_that_somebody_has_is_told_and_the_function_runs(lam: OwnLam, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        lam.create("late", "def handler(event, context): return 1", Layers=[EXTENSION], Environment=at(port))

        assert lam.invoke("late").payload == 1

    assert f"the Parameters and Secrets extension of late is not reached at port {port}: " in caplog.text


def test_it_asks_as_the_functions_role_where_iam_counts(tmp_path: Path) -> None:
    environ = {"LAMBDA_EMU_ROOT_SECRET": SECRET_KEY}
    with own_emulator(tmp_path, "process", environ, stems=0, account=ACCOUNT, iam="enforce") as lam:
        account = Account(lam, ACCOUNT)
        made = account.root.client("secretsmanager").create_secret(Name="db", SecretString="first")
        roles = {
            "poor": account.role("poor", trust=trusting_services("lambda.amazonaws.com")),
            "rich": account.role(
                "rich",
                allow("secretsmanager:GetSecretValue", made["ARN"]),
                trust=trusting_services("lambda.amazonaws.com"),
            ),
        }
        lam.client = account.root.client("lambda")
        for name, role in roles.items():
            lam.create(name, ASKS, Layers=[EXTENSION], Timeout=60, Environment=at(free_port()), Role=role)

        status, _, hint = ask(lam, SECRET, "poor")

        assert (status, hint.partition(":")[0]) == (400, "AccessDeniedException")
        assert ask(lam, SECRET, "rich")[1]["SecretString"] == "first"
