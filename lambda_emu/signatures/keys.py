"""Whose an access key is, and with which secret: the account's root, who IAM made, and who has a session of ours."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from msgspec import Struct

from lambda_emu.model.caller import Caller, CallerKind, root_of
from lambda_emu.model.credentials import ROOT_KEY, Issuer, account_of, read_token

KEPT = 1024
_KEY_OF_IAM = re.compile(r"A[KS]IA[A-Z0-9]{12,28}")


class AccessKey(Struct, frozen=True):
    """An access key that IAM or STS made. user_id, arn: of the user or the session that it is of.

    secret: empty of one that is not active. token: that goes with it; None: none does. expires_s: epoch seconds.
    """

    secret: str
    account: str
    user_id: str
    arn: str
    token: str | None = None
    role_arn: str | None = None
    expires_s: float | None = None
    policies: tuple[str, ...] = ()


FindKey = Callable[[str], Awaitable[AccessKey | None]]
"""By its id; None: nobody here made it."""


class Key(Struct, frozen=True):
    """What can be signed with. secret: empty: nothing. token: demanded of who signs; None: none is.

    is_root: whose secret may be any as long as signatures are not checked.
    """

    caller: Caller
    secret: str
    token: str | None = None
    expires_s: float | None = None
    is_root: bool = False


class Keys:
    """own_account: of keys that say none. root_secret: of all accounts' roots."""

    def __init__(self, own_account: str, root_secret: str, issuer: Issuer, find_key: FindKey) -> None:
        self._own_account = own_account
        self._root_secret = root_secret
        self._issuer = issuer
        self._find_key = find_key
        self._kept: dict[tuple[str, str | None], Key | None] = {}
        self.times_forgotten = 0
        """Grows when what was found before may not hold any more."""

    def known(self, access_key: str, token: str | None) -> Key | None:
        """LookupError: `find` knows; None: there is no such key."""
        return self._kept[access_key, token]

    async def find(self, access_key: str, token: str | None) -> Key | None:
        """None: there is no such key."""
        kept, times = (access_key, token), self.times_forgotten
        found = self._root(access_key) or self._of_session(access_key, token)
        if found is None and _KEY_OF_IAM.fullmatch(access_key) is not None:
            found = _key(access_key, await self._find_key(access_key))
        if times == self.times_forgotten:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[kept] = found
        return found

    def forget(self) -> None:
        """A key was made or removed, or may have been."""
        self.times_forgotten += 1
        self._kept.clear()

    def stranger(self, access_key: str) -> Caller:
        """As whom a key counts that nobody made, as long as signatures are not checked: its account's root."""
        return root_of(account_of(access_key) or self._own_account, access_key)

    def _root(self, access_key: str) -> Key | None:
        is_number = len(access_key) == 12 and access_key.isascii() and access_key.isdigit()
        if not is_number and access_key != ROOT_KEY:
            return None
        account = access_key if is_number else self._own_account
        return Key(root_of(account, access_key), self._root_secret, is_root=True)

    def _of_session(self, access_key: str, token: str | None) -> Key | None:
        session = None if token is None else read_token(token)
        if session is None or token is None or session.access_key != access_key:
            return None
        return Key(session.caller(), self._issuer.secret_of(token), token, session.expires_s)


def _key(access_key: str, made: AccessKey | None) -> Key | None:
    if made is None:
        return None
    kind = CallerKind.USER if made.role_arn is None else CallerKind.SESSION
    caller = Caller(kind, access_key, made.account, made.arn, made.user_id, made.role_arn, made.policies)
    return Key(caller, made.secret, made.token, made.expires_s)
