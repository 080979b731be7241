# frozen_string_literal: true

require_relative 'api'
require_relative 'function'
require_relative 'logging'

# AWS's client loads these, so functions have them without a `require`. Here they are loaded for who names one.
autoload :Net, 'net/http'
autoload :OpenSSL, 'openssl'
autoload :Timeout, 'timeout'
autoload :URI, 'uri'
autoload :Zlib, 'zlib'

module Kernel
  private

  def URI(...)
    require 'uri' # has this method itself, and puts it in this one's place
    URI(...)
  end
end

module LambdaEmu
  # An exception as the Runtime API is told of it. stage: Function, Runtime or Init.
  class Failure
    NAMED = %w[ArgumentError Exception LoadError NameError NoMethodError StandardError SystemExit
               SystemStackError].freeze
    MOST_FRAMES = 100

    def initialize(stage, error)
      @stage = stage
      @error = error
    end

    def type
      "#{@stage}<#{@error.class}>"
    end

    # What the log has as the type: of other classes not even the name.
    def header
      NAMED.include?(@error.class.to_s) ? type : 'Function<UserException>'
    end

    def to_h
      { errorMessage: @error.message, errorType: type, stackTrace: frames }
    end

    def log(title)
      puts title
      puts JSON.pretty_generate(to_h)
      return unless @error.is_a?(LoadError) && @error.path.to_s.start_with?('aws-sdk')

      puts "lambda-emu: #{@error.path} is among the gems of Lambda's Ruby, but not of this one. Bring it in the " \
           "function's code: name it in a Gemfile, bundle config set --local path vendor/bundle, bundle install"
    end

    private

    # Where the function was; not how it was come to.
    def frames
      all = (@error.backtrace_locations || []).first(MOST_FRAMES)
      all.take_while { |frame| File.dirname(frame.path.to_s) != __dir__ }.map(&:to_s)
    end
  end

  # Has a function answer one event after the other. `run` returns the status that the process is to end with.
  class Client
    CRITICAL = -1
    NOT_SENT = -2
    NOT_BEGUN = -4

    def initialize(address, handler)
      @api = Api.new(address)
      @named = handler
    end

    # What else goes wrong between events counts as never begun, as with AWS's client.
    def run
      $LOAD_PATH.unshift(Dir.pwd) unless $LOAD_PATH.include?(Dir.pwd)
      handler = LambdaHandler.new(env_handler: @named)
      require handler.handler_file_name
      status = answer(handler, wait) until status
      status
    rescue Exception => error
      failure = Failure.new('Init', error)
      failure.log('Init error when loading handler ')
      tell('/init/error', failure)
      NOT_BEGUN
    end

    private

    def wait
      event = @api.get('/invocation/next')
      raise "Received #{event.code} when waiting for next invocation." unless event.code == '200'

      event
    end

    # Returns the status to end with; nil: none.
    def answer(handler, event)
      $_global_aws_request_id = id = event['Lambda-Runtime-Aws-Request-Id']
      trace = event['Lambda-Runtime-Trace-Id']
      ENV['_X_AMZN_TRACE_ID'] = trace if trace
      request = AwsLambda::Marshaller.marshall_request(event)
      context = LambdaContext.new(event)
      begin
        result, type = handler.call_handler(request: request, context: context)
      rescue Exception => error
        return fail_invocation(id, error)
      end
      send_result(id, result, type)
    end

    # The function goes on behind errors that Ruby calls standard, but for names that are not there.
    def fail_invocation(id, error)
      standard = error.is_a?(StandardError) && !error.is_a?(NameError)
      failure = Failure.new('Function', error)
      failure.log(standard ? 'Error raised from handler method' : 'Critical exception from handler')
      tell("/invocation/#{id}/error", failure)
      CRITICAL unless standard
    end

    def send_result(id, result, type)
      result = result.read if type == 'application/unknown'
      @api.post("/invocation/#{id}/response", result, 'Content-Type' => type || 'application/json')
      nil
    rescue StandardError => error
      tell("/invocation/#{id}/error", Failure.new('Runtime', error))
      NOT_SENT
    end

    def tell(path, failure)
      body = failure.to_h.to_json
      @api.post(path, body,
                'Content-Type' => 'application/json', 'Lambda-Runtime-Function-Error-Type' => failure.header)
    end
  end
end
