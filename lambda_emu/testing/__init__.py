"""testing: a pytest plugin, and servers for suites. It runs `lambda-emu serve` and asks it as anybody does.

Whoever has the package installed has the plugin in every run of pytest: nothing of ours is imported, and nothing
started, before a test takes a fixture.
"""

from lambda_emu.testing.errors import FunctionError, NotDeployed, NotStarted, SharedServer

__all__ = ["FunctionError", "NotDeployed", "NotStarted", "SharedServer"]
