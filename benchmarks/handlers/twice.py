def handler(order, _context):
    return {"item": order["item"], "count": 2 * order["count"]}
