exports.handler = async (order) => ({ item: order.item, count: 2 * order.count });
