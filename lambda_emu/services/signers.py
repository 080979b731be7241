"""Who signed requests, by all keys that there are here: those of the settings, of the issuer, of the child's IAM."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from lambda_emu.clock import Clock
from lambda_emu.model.credentials import Issuer, account_of

if TYPE_CHECKING:  # most servers are never asked by whom
    from lambda_emu.signatures.keys import AccessKey
    from lambda_emu.signatures.signers import Check, Signers


class Facts(Protocol):
    """Of services.child.service.OtherServices."""

    @property
    def pid(self) -> int | None: ...

    @property
    def has_run(self) -> bool: ...

    async def ask(self, fact: str, about: str) -> object: ...


class IssuedKeys:
    """signatures.keys.FindKey: access keys that IAM and STS made, as the child knows them."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    async def __call__(self, access_key: str) -> AccessKey | None:
        from lambda_emu.signatures.keys import AccessKey

        is_sessions = access_key.startswith("ASIA") and account_of(access_key) is not None
        if not self._facts.has_run:
            return None
        if is_sessions and self._facts.pid is None:
            return None  # sessions say by their tokens whose they are; who has one without has it from this run
        told: Any = await self._facts.ask("access-key", access_key)
        return None if told is None else AccessKey(**told)


class LateSigners:
    """Made, and imported, when somebody first asks who signed. From any thread.

    is_strict: all signatures are checked. root_secret: of all accounts' roots. own_account: of keys that say none.
    """

    def __init__(
        self, clock: Clock, own_account: str, root_secret: str, issuer: Issuer, facts: Facts, *, is_strict: bool
    ) -> None:
        self._clock = clock
        self._own_account = own_account
        self._root_secret = root_secret
        self._issuer = issuer
        self._facts = facts
        self._is_strict = is_strict
        self._lock = Lock()  # guards the one below while it is made
        self._signers: Signers | None = None
        self.check: Check | None = None
        """Set before the first request; None: callers may do anything."""

    def __call__(self) -> Signers:
        return self._signers or self._make()

    def forget(self) -> None:
        """A key was made or removed, or may have been."""
        if self._signers is not None:
            self._signers.forget()

    def _make(self) -> Signers:
        from lambda_emu.services.buckets import bucket_in
        from lambda_emu.signatures.keys import Keys
        from lambda_emu.signatures.signers import Signers

        with self._lock:
            if self._signers is None:
                keys = Keys(self._own_account, self._root_secret, self._issuer, IssuedKeys(self._facts))
                made = Signers(self._clock, keys, bucket_in, is_strict=self._is_strict)
                if self.check is not None:
                    made.check = self.check
                self._signers = made
            return self._signers
