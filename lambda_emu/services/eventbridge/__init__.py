"""EventBridge: buses, the rules on them, and what a rule makes of an event. Targets are served by whoever opens it."""
