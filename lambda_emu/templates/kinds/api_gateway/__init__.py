"""AWS::ApiGateway and AWS::ApiGatewayV2."""
