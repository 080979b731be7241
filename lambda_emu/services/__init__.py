"""services: those of AWS around Lambda, ours and moto's. They know the store and the gateway, and nothing of Lambda."""
