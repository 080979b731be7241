require 'aws-sdk-dynamodb'
def handler(event:, context:) = nil
