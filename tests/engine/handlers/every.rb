# What the suite asks of every language, by the name in `do`.
require 'logger'

$calls = 0
$beats = []

class Own < StandardError; end

def handler(event:, context:)
  $calls += 1
  Actions.public_send(event['do'], event['value'], context)
end

module Actions
  LOGGER = Logger.new($stdout)

  class << self
    def echo(value, _) = value

    def calls(_, _) = $calls

    def throw(value, _)
      raise IndexError, value
    end

    def throw_own(value, _)
      raise Own, value
    end

    def throw_cause(value, _)
      raise ArgumentError, 'below'
    rescue ArgumentError
      raise IndexError, value
    end

    def throw_odd(value, _) = nil.public_send(value)

    def context(_, context)
      {
        id: context.aws_request_id,
        name: context.function_name,
        version: context.function_version,
        arn: context.invoked_function_arn,
        memory: context.memory_limit_in_mb,
        group: context.log_group_name,
        stream: context.log_stream_name,
        left: context.get_remaining_time_in_millis,
        identity: context.identity && context.identity['cognitoIdentityId'],
        custom: context.client_context && context.client_context['custom'],
        title: context.client_context && context.client_context['client']['app_title'],
        trace: ENV['_X_AMZN_TRACE_ID']
      }
    end

    def left(value, context)
      before = context.get_remaining_time_in_millis
      Kernel.sleep(value / 1000.0)
      [before, context.get_remaining_time_in_millis]
    end

    def environment(_, _) = ENV.to_h

    def layer(_, _)
      require 'layered'
      Layered::WORD
    end

    def print(value, _)
      puts value
      LOGGER.warn("#{value} by the logger")
      nil
    end

    def log(value, _)
      LOGGER.public_send(value, "at #{value}")
      nil
    end

    def large(value, _) = 'x' * value

    def exit(value, _) = Process.exit!(value)

    def kill(value, _)
      exec("kill -#{value} $$") if value && RUBY_VERSION < '3.3' # which itself makes an abort of a segmentation fault
      Process.kill(value || :KILL, Process.pid)
      Kernel.sleep
    end

    def sleep(value, _)
      Kernel.sleep(value)
      nil
    end

    def fill(value, _)
      taken = Array.new(value) { 'x' * (1 << 20) }
      taken.size
    end

    def write(value, _)
      File.write(value, 'x')
      true
    rescue SystemCallError
      false
    end

    def read(value, _) = File.exist?(value) ? File.read(value) : nil

    def beat(_, _)
      $beats << now
      Thread.new do
        loop do
          Kernel.sleep 0.002
          $beats << now
        end
      end
      nil
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC, :float_millisecond)

    def pause(_, _)
      seen = $beats.size
      Kernel.sleep 0.002 while $beats.size < seen + 5
      $beats.each_cons(2).map { |one, other| other - one }.max.round
    end
  end
end
