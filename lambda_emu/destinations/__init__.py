"""destinations: results out. What is to be delivered is work that lasts; each target has a lane of its own.

Nothing here runs while nothing is to be delivered. docs/decisions/outbox.md.
"""
