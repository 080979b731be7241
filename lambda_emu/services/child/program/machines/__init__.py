"""State machines: executions, their history and what ends them are ours; moto's interpreter carries out states.

No request here is in the journal: executions have a table of their own, and are not begun again.
"""
