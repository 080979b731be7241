"""Where the emulator's own pages are, for who serves them and who asks for them. Imports nothing that is slow."""

OWN = "/_lambda-emu/"
HEALTH = f"{OWN}health"
