"""A stack is deployed: what it wants is made, changed and removed, step by step, and undone where it is refused."""
