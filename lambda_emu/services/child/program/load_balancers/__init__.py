"""Load balancers: what moto has of them, and what is ours beside that."""
