"""services: services of AWS around Lambda that are ours. They know the store and the gateway, and nothing of Lambda."""
