# frozen_string_literal: true

# Starts our client for functions in Ruby: now, or once it is known whose function this is.
load "#{__dir__}/early.rb" if ENV.key?('LAMBDA_EMU_WAITS') # of which `require` would tell the function
require_relative 'client'

exit LambdaEmu::Client.new(ENV.fetch('AWS_LAMBDA_RUNTIME_API'), ENV.fetch('_HANDLER')).run
