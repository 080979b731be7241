"""Services that somebody else serves, by a user's choice: another emulator, AWS itself. docs/services.md#neighbours."""
