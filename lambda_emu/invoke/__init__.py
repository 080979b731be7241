"""invoke: the one way in for events, until the outcome is known. On the loop; never asks the engine."""
