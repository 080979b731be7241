"""samples: events as functions get them, of values of our own, made by the code that makes the real ones.

They need no server, and ask nobody. docs/events.md#sample-events.
"""
