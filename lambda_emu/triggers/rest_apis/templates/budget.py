"""What rendering one template may cost. Whatever it does is paid for before it is done."""

from __future__ import annotations

from lambda_emu.triggers.rest_apis.templates.failures import TemplateTooLong

MOST_STEPS = 200_000
"""Less than half a second."""
MOST_CHARACTERS = 32 * 1024 * 1024
"""Of all texts that are made on the way."""
MOST_OUTPUT = 10 * 1024 * 1024
"""As large as a body may be."""
CHARACTERS_A_STEP = 2_048
MOST_DEEP = 100


class Budget:
    def __init__(self) -> None:
        self._steps = MOST_STEPS
        self._characters = MOST_CHARACTERS

    def spend(self, steps: int = 1) -> None:
        self._steps -= steps
        if self._steps < 0:
            raise TemplateTooLong(f"It takes more than {MOST_STEPS} steps")

    def read(self, text: str) -> None:
        """A text is looked through."""
        self.spend(1 + len(text) // CHARACTERS_A_STEP)

    def make(self, characters: int) -> None:
        """A text is made."""
        self._characters -= characters
        if characters > MOST_OUTPUT or self._characters < 0:
            raise TemplateTooLong(f"A text is longer than {MOST_OUTPUT} characters, or all together are too long")
        self.spend(1 + characters // CHARACTERS_A_STEP)
