"""invoke: what happens to an event until its outcome is known. Runs on the loop; never asks the engine."""
