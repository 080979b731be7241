"""What sandboxes can have of this machine: interpreters, with AWS's clients for them."""
