"""Events that come by HTTP, as function URLs take them in, or by time.

Enters at the room invoke, as whoever invokes; what is due by time, from the outbox.
"""
