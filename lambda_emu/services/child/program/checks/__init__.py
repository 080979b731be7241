"""What AWS refuses of a request where moto takes it, or stumbles over it."""
