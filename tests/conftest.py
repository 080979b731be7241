"""What holds for all tests."""

from __future__ import annotations

import signal

# A shell that runs tests in the background lets them, and all they start, ignore SIGINT; some tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)
