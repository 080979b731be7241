"""Events that come by HTTP, as function URLs take them in. Enters at the room invoke, as whoever invokes."""
