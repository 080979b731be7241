"""model: data and rules. No I/O, no clock, no Flask."""
