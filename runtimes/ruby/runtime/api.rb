# frozen_string_literal: true

require 'socket.so'

module LambdaEmu
  # What the Runtime API answers. An event is one, to those who bring a Marshaller of their own.
  class Answer
    attr_reader :code, :body

    def initialize(code, headers, body)
      @code = code
      @headers = headers
      @body = body
    end

    def [](name)
      @headers[name.downcase]
    end
  end

  # One connection to the Runtime API, which is kept. docs/contract/runtime.md#runtime-api
  class Api
    PREFIX = '/2018-06-01/runtime'

    def initialize(address)
      @host, _, @port = address.rpartition(':')
    end

    def get(path)
      ask("GET #{PREFIX}#{path} HTTP/1.1\r\nHost: #{@host}\r\n\r\n")
    end

    def post(path, body, headers)
      lines = headers.compact.map { |name, value| "#{name}: #{value}\r\n" }.join
      head = "POST #{PREFIX}#{path} HTTP/1.1\r\nHost: #{@host}\r\nContent-Length: #{body.bytesize}\r\n#{lines}\r\n"
      ask(head.b << body.b)
    end

    private

    # A connection that was kept may have ended: then the same is asked once more, by another.
    def ask(request)
      kept = @socket
      begin
        @socket ||= connect
        @socket.write(request)
        read
      rescue SystemCallError, IOError
        @socket&.close
        @socket = nil
        raise unless kept

        kept = nil
        retry
      end
    end

    def connect
      socket = TCPSocket.new(@host, @port.to_i)
      socket.setsockopt(:TCP, :NODELAY, true)
      socket
    end

    def read
      head = @socket.gets("\r\n\r\n") or raise EOFError, 'the Runtime API hung up'
      status, *lines = head.split("\r\n")
      headers = lines.to_h { |line| line.split(':', 2).then { |name, value| [name.downcase, value.strip] } }
      Answer.new(status.split[1], headers, @socket.read(headers['content-length'].to_i))
    end
  end
end
