"""What control planes ask of the server itself: methods and authorizers tried as they are now, and what was used."""
