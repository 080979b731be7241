"""What this machine can lend to sandboxes: interpreters, with AWS's clients for them."""
