def handler(event:, context:)
  { item: event['item'], count: event['count'] * 2 }
end
