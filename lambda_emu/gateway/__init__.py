"""gateway: what holds for every request before any service sees it: who may ask, how much, and on which thread."""
