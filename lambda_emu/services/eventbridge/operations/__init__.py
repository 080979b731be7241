"""What can be asked of EventBridge, one module for each thing that it is asked about."""
