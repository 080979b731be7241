"""rest_apis/integrations: where a method's requests go, and what comes back from there."""
