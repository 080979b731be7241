module AwsLambda
  class Marshaller
    class << self
      def marshall_request(event) = [event['content-type'], event.body.encoding.to_s, event.body]
      def marshall_response(result) = [result.inspect, 'text/plain']
    end
  end
end
def handler(event:, context:) = event
