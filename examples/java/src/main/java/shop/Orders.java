package shop;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;

public class Orders implements RequestHandler<Orders.Order, Orders.Receipt> {
    /** What comes as JSON: getters and setters, or a constructor without arguments and public fields. */
    public static class Order {
        private String item;
        private int count = 1;

        public String getItem() {
            return item;
        }

        public void setItem(String item) {
            this.item = item;
        }

        public int getCount() {
            return count;
        }

        public void setCount(int count) {
            this.count = count;
        }
    }

    public record Receipt(String text, int cents) {}

    @Override
    public Receipt handleRequest(Order order, Context context) {
        context.getLogger().log("ordered " + order.getItem());
        return new Receipt(order.getCount() + " x " + order.getItem(), order.getCount() * 30);
    }
}
