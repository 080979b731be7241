"""wire: both forms in which requests come and answers go."""
