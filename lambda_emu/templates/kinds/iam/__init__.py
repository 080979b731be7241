"""AWS::IAM."""
