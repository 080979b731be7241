"""keys: what a project file may say, key by key: tables by which it is read, checked and documented."""
