"""schedules: what a schedule expression means, and when it is due next. No I/O but reading time zones, no clock.

Rules of EventBridge go by UTC; Scheduler's schedules by a time zone, and they have one time, a start, an end, a window.
"""
