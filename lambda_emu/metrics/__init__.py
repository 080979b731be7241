"""What happened, in numbers per minute: counted in memory, kept in a file of its own, as CloudWatch would have it.

Whoever knows a fact tells the `Recorder`, on the loop; `services/cloudwatch` answers from the `MetricStore`. Nothing
here asks anybody else, and nothing runs while nothing happens.
"""
