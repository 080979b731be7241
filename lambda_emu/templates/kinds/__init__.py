"""What a stack may have: a file for services alike, a row a type, by which resources are made, changed and removed."""
