require 'logger'
LOG = Logger.new($stdout, progname: 'mine')
def handler(event:, context:)
  puts ['one', ['two', nil]], 3
  LOG.debug('fine')
  LOG.info("several\nlines \xFF")
  LOG.error(IndexError.new('told').tap { |error| error.set_backtrace(["/var/task/logs.rb:9:in `there'"]) })
  Logger.new($stderr, formatter: ->(*all) { "own #{all.last}\n" }, level: :warn).warn('w')
  $stdout.puts 'plain'
  nil
end
