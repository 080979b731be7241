"""What holds of every test: how long a busy machine takes to make an example up says nothing of the product."""

from hypothesis import HealthCheck, settings

settings.register_profile("any machine", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
