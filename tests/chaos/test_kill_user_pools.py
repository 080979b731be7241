"""SIGKILL of the services' process while people sign up, are confirmed and sign in: who was told so is known."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from own import OwnLam, own_emulator
from pools_rig import PASSWORD, Pool, refused
from services_rig import ACCOUNT, sdk
from waiting import eventually

WRITERS = 3
KILLS = 3
BETWEEN = 12
"""People who were told that they are confirmed, between two kills, at least."""
BODY = """
if source.startswith("PreSignUp"):
    response["autoVerifyEmail"] = True
""".strip()


class Told:
    """What was acknowledged, by user: `signed up`, `confirmed`, or a token."""

    def __init__(self) -> None:
        self.people: dict[str, str] = {}

    @property
    def confirmed(self) -> int:
        return sum(state != "signed up" for state in list(self.people.values()))


def live(pool: Pool, told: Told, writer: int, stop: Event) -> None:
    """One after the other signs up, is confirmed and signs in; what is refused meanwhile is not tried again."""
    idp = sdk(pool.lam, "cognito-idp")
    for number in range(100_000):
        if stop.is_set():
            return
        name = f"{writer}-{number}"
        listed = [{"Name": "email", "Value": f"{name}@example.com"}]
        try:
            idp.sign_up(ClientId=pool.client_id, Username=name, Password=PASSWORD, UserAttributes=listed)
            told.people[name] = "signed up"
            idp.admin_confirm_sign_up(UserPoolId=pool.id, Username=name)
            told.people[name] = "confirmed"
            secret = {"USERNAME": name, "PASSWORD": PASSWORD}
            result = idp.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=secret)
            told.people[name] = result["AuthenticationResult"]["AccessToken"]
        except (BotoCoreError, ClientError):
            continue


def kill(lam: OwnLam) -> None:
    child = lam.emulator.around.child.pid
    if child is not None:  # else it is on its way
        os.kill(child, signal.SIGKILL)


def test_whoever_was_told_so_is_signed_up_confirmed_and_signed_in(tmp_path: Path) -> None:
    told, stop = Told(), Event()
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT) as lam:
        pool = Pool(lam, "people", BODY, "PreSignUp")
        with ThreadPoolExecutor(WRITERS) as threads:
            living = [threads.submit(live, pool, told, writer, stop) for writer in range(WRITERS)]
            try:
                for number in range(KILLS):
                    await_confirmed(told, number * BETWEEN + BETWEEN)
                    kill(lam)
            finally:
                stop.set()
            for one in living:
                one.result()

        missing = [name for name, state in told.people.items() if not is_as_told(pool, name, state)]

    assert missing == []
    assert told.confirmed >= KILLS * BETWEEN


def await_confirmed(told: Told, enough: int) -> None:
    eventually(lambda: told.confirmed >= enough, f"{enough} people")


def is_as_told(pool: Pool, name: str, state: str) -> bool:
    """A step that was asked for and not acknowledged may have been made or not."""
    user: Any = pool.user(name)
    attributes = {one["Name"]: one["Value"] for one in user["UserAttributes"]}
    if attributes.get("email_verified") != "true":
        return False
    if state == "signed up":
        return bool(user["UserStatus"] in ("UNCONFIRMED", "CONFIRMED"))
    if user["UserStatus"] != "CONFIRMED":
        return False
    if state != "confirmed":
        return bool(pool.idp.get_user(AccessToken=state)["Username"] == name)
    return refused(pool.sign_in, name=name, password="Secret-9999")[0] == "NotAuthorizedException"
