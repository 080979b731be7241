"""How many environments functions may have at once: reserved and provisioned concurrency."""
