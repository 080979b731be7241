"""timetable: what is due at a time of day: schedules of Scheduler, and rules of EventBridge with an expression.

Each firing becomes work that lasts in the transaction that moves its entry on: it is enqueued once, whatever ends the
server. Nothing runs while nothing is due but one timer for the earliest. docs/decisions/timetable.md.
"""
