"""AWS::Cognito."""
