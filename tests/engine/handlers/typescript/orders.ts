export interface Order {
  readonly items: ReadonlyArray<{ name: string; price?: number }>;
}

export interface Total {
  total: number;
}

class NoPrice extends Error {
  override readonly name = "NoPrice";
}

export function totalOf(order: Order): Total {
  const prices = order.items.map(({ name, price }) => {
    if (price === undefined) {
      throw new NoPrice(`${name} has no price`);
    }
    return price;
  });
  return { total: prices.reduce((sum, price) => sum + price, 0) };
}
