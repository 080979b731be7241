"""benchmarks: lambda-emu beside AWS's Runtime Interface Emulator, in one run and one table. `python -m benchmarks`.

Nothing here is imported by the product or asserted by a test: figures depend on the machine, and are read by people.
"""
