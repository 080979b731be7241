class Greeter
  def self.greet(event:, context:)
    puts "greeting #{event['name']}"
    { greeting: "Hello, #{event.fetch('name', 'World')}" }
  end
end
