"""benchmarks: lambda-emu beside AWS's Runtime Interface Emulator, in one command that prints one table.

Nothing here is a test: a bar that is missed is printed as MISS and ends in exit code 1. docs/performance.md says how each is measured.
"""
