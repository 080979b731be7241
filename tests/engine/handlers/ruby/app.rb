require 'logger'
require 'stringio'

def hello(event:, context:)
  { greeting: "Hello, #{event['name']}" }
end

def remembers(event:, context:)
  @calls = (@calls || 0) + 1
end

def raw(event:, context:) = StringIO.new("\x00\xFFraw".b)
def leaves(event:, context:) = exit(3)
def misses(event:, context:) = undefined_thing
def argument(event:, context:) = raise(ArgumentError, 'a')
def runtime(event:, context:) = raise('r')
def no_json(event:, context:) = Float::NAN
def version(event:, context:) = [RUBY_VERSION, $VERBOSE]
def encoding(event:, context:) = Encoding.default_external.to_s
def nothing_required(event:, context:) = [Net::HTTP.name, URI('http://a/b').path, StringIO.name, JSON.name]
def context_of(event:, context:)
  [context.w3c, context.client_context, context.tenant_id, context.identity, context.deadline_ms.class.name,
   $_global_aws_request_id == context.aws_request_id, context.memory_limit_in_mb]
end
