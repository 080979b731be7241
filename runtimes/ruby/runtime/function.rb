# frozen_string_literal: true

require 'json'
require 'stringio'

# Where an event becomes what the handler gets, and what it returned the answer. A function may have its own of each.
module AwsLambda
  class Marshaller
    class << self
      def marshall_request(event)
        event['Content-Type'] == 'application/json' ? JSON.parse(event.body) : event.body
      end

      # A text of JSON, or what is to be sent with its content type.
      def marshall_response(result)
        case result
        when StringIO, IO then [result, 'application/unknown']
        else result.to_json
        end
      end
    end
  end
end

# The function's code. It is the `self` of handlers that are no class's: what they remember in variables stays.
class LambdaHandler
  attr_reader :handler_file_name

  def initialize(env_handler:)
    parts = env_handler.split('.')
    case parts.size
    when 2 then @handler_file_name, @handler_method_name = parts
    when 3 then @handler_file_name, @handler_class, @handler_method_name = parts
    else
      raise ArgumentError, "Invalid handler #{parts}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD: " \
                           'FILENAME.rb is a file of the code, CLASS a class or module in it, with :: before inner ones'
    end
  end

  def call_handler(request:, context:)
    given = { event: request, context: context }
    result =
      if @handler_class
        Kernel.const_get(@handler_class).send(@handler_method_name, **given)
      else
        __send__(@handler_method_name, **given)
      end
    AwsLambda::Marshaller.marshall_response(result)
  end
end

# docs/contract/runtime.md#context
class LambdaContext
  TRACE_FIELDS = %w[traceparent tracestate baggage].freeze

  attr_reader :aws_request_id, :invoked_function_arn, :log_group_name, :log_stream_name, :function_name,
              :function_version, :memory_limit_in_mb, :identity, :client_context, :tenant_id, :deadline_ms

  def initialize(event)
    @aws_request_id = event['Lambda-Runtime-Aws-Request-Id']
    @invoked_function_arn = event['Lambda-Runtime-Invoked-Function-Arn']
    @deadline_ms = event['Lambda-Runtime-Deadline-Ms'].to_i
    @log_group_name = ENV['AWS_LAMBDA_LOG_GROUP_NAME']
    @log_stream_name = ENV['AWS_LAMBDA_LOG_STREAM_NAME']
    @function_name = ENV['AWS_LAMBDA_FUNCTION_NAME']
    @function_version = ENV['AWS_LAMBDA_FUNCTION_VERSION']
    @memory_limit_in_mb = ENV['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']
    @tenant_id = present(event['Lambda-Runtime-Aws-Tenant-Id'])
    @identity = parsed(event['Lambda-Runtime-Cognito-Identity'])
    @client_context = parsed(event['Lambda-Runtime-Client-Context'])
    @w3c = @client_context.is_a?(Hash) ? trace_fields(@client_context.delete('w3c')) : {}
  end

  def get_remaining_time_in_millis
    [@deadline_ms - Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond), 0].max
  end

  def w3c
    @w3c.dup
  end

  private

  def present(text)
    text unless text.to_s.empty?
  end

  def parsed(text)
    JSON.parse(text) if present(text)
  end

  def trace_fields(found)
    found.is_a?(Hash) ? found.slice(*TRACE_FIELDS).select { |_, value| value.is_a?(String) } : {}
  end
end
