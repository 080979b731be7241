# frozen_string_literal: true

require 'json'
require 'logger'

$stdout.sync = true

# docs/contract/logs-billing.md#application-lines
module LambdaEmu
  # Where messages go that stay whole, whatever lines they have: in frames, to a descriptor that Lambda gives for them.
  class LogSink
    MARK = 0xa55a0001

    def self.from_environment
      number = ENV.delete('_LAMBDA_TELEMETRY_LOG_FD')
      new(IO.for_fd(number.to_i, 'wb', autoclose: false)) if number
    rescue SystemCallError
      nil # no descriptor has that number: messages are printed
    end

    def initialize(file)
      @file = file
      @file.sync = true
    end

    def write(message)
      @file.write([MARK, message.bytesize].pack('NN') << message.b)
    end

    def close; end
  end

  # A line as Ruby's Logger writes it, with the invocation's id.
  class TextFormatter < Logger::Formatter
    def call(severity, time, name, message)
      line = format('%s, [%s #%d] %5s %s -- %s: %s', severity[0], format_datetime(time), Process.pid, severity,
                    $_global_aws_request_id, name, msg2str(message))
      "#{Log.clean(line)}\n"
    end
  end

  # An object a message. An exception has its class, text and trace beside it.
  class JsonFormatter < Logger::Formatter
    def call(severity, time, name, message)
      is_error = message.is_a?(Exception)
      members = {
        timestamp: time.utc.strftime('%Y-%m-%dT%H:%M:%S.%6NZ'),
        level: severity,
        message: Log.clean(is_error ? message.message : msg2str(message)),
        requestId: $_global_aws_request_id,
        logger: name.to_s.empty? ? nil : Log.clean(name),
        **(is_error ? of(message) : {})
      }
      "#{JSON.generate(members.compact)}\n"
    end

    private

    def of(error)
      trace = (error.backtrace || []).map { |line| Log.clean(line) }
      {
        errorType: error.class.to_s,
        errorMessage: Log.clean(error.message),
        stackTrace: trace,
        location: trace.first&.sub(/\A(.+):(\d+):in [`'](.+)'\z/, '\1:\3:\2')
      }
    end
  end

  # Loggers that print: their messages are formatted for Lambda, unless they bring a formatter, and stay whole.
  module Log
    LEVELS = { 'TRACE' => Logger::DEBUG, 'DEBUG' => Logger::DEBUG, 'INFO' => Logger::INFO, 'WARN' => Logger::WARN,
               'ERROR' => Logger::ERROR, 'FATAL' => Logger::FATAL }.freeze
    SINK = LogSink.from_environment
    LEVEL = LEVELS.fetch(ENV['AWS_LAMBDA_LOG_LEVEL'].to_s.upcase, Logger::DEBUG)
    FORMATTER = ENV['AWS_LAMBDA_LOG_FORMAT'].to_s.casecmp?('JSON') ? JsonFormatter : TextFormatter

    def initialize(device, *rotation, formatter: nil, **options)
      if device.nil? || device == $stdout || device == $stderr
        super(SINK || device, *rotation, level: LEVEL, formatter: formatter || FORMATTER.new, **options)
      else
        super
      end
    end

    def self.clean(text)
      text.to_s.encode('UTF-8', invalid: :replace, undef: :replace, replace: "\uFFFD")
    end
  end
end

Logger.prepend(LambdaEmu::Log)

if LambdaEmu::Log::SINK
  # What is put is one message, as it is on Lambda; `$stdout.puts` goes the way of all output.
  module Kernel
    private

    def puts(*things)
      text = things.flatten.map { |thing| thing.to_s.encode('UTF-8') }.join("\n")
      LambdaEmu::Log::SINK.write(text.end_with?("\n") ? text : "#{text}\n")
      nil
    end
  end
end
