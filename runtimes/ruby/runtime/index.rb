# frozen_string_literal: true

# Starts our client for functions in Ruby: now, or once it is known whose function this is.
require_relative 'early' if ENV.key?('LAMBDA_EMU_WAITS')
require_relative 'client'

exit LambdaEmu::Client.new(ENV.fetch('AWS_LAMBDA_RUNTIME_API'), ENV.fetch('_HANDLER')).run
