package fn;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Handlers whose types or methods have to be looked for: generic, inherited, overloaded. */
public class More {
    public static class Envelope<T> {
        private String sender;
        private List<T> items = new ArrayList<>();

        public String getSender() {
            return sender;
        }

        public void setSender(String sender) {
            this.sender = sender;
        }

        public List<T> getItems() {
            return items;
        }

        public void setItems(List<T> items) {
            this.items = items;
        }
    }

    /** Its parameter is generic, and what is in there too. */
    public static class Opened implements RequestHandler<Envelope<Forms.Order>, List<Forms.Order>> {
        @Override
        public List<Forms.Order> handleRequest(Envelope<Forms.Order> envelope, Context context) {
            for (Forms.Order order : envelope.getItems()) {
                order.setCount(order.getCount() * 2);
            }
            return envelope.getItems();
        }
    }

    public abstract static class Base<T> implements RequestHandler<T, T> {
        @Override
        public T handleRequest(T order, Context context) {
            return changed(order);
        }

        abstract T changed(T order);

        public String inherited(String word) {
            return word + word;
        }
    }

    /** Only the class above says that it is a handler, and for which type only this one. */
    public static class Derived extends Base<Forms.Order> {
        @Override
        Forms.Order changed(Forms.Order order) {
            order.setCount(order.getCount() * 2);
            return order;
        }
    }

    public interface Twice extends RequestHandler<Forms.Order, Forms.Order> {
        @Override
        default Forms.Order handleRequest(Forms.Order order, Context context) {
            order.setCount(order.getCount() * 2);
            return order;
        }
    }

    public static class Defaulted implements Twice {}

    public static class Static {
        public static int added(int number) {
            return number + 1;
        }
    }

    public String overloaded(String word) {
        return "without";
    }

    public String overloaded(String word, Context context) {
        return "with " + context.getMemoryLimitInMB();
    }

    public String alone(Context context) {
        return context.getFunctionVersion();
    }

    public String nothing() {
        return "nothing";
    }

    public double half(double number) {
        return number / 2;
    }

    public void piped(InputStream input, OutputStream output, Context context) throws IOException {
        output.write(String.valueOf(context.getMemoryLimitInMB()).getBytes());
    }

    public String lines(Map<String, String> event, Context context) {
        context.getLogger().log("one\ntwo");
        return System.getProperty("org.crac.Core.Compat");
    }

    public String logged(Map<String, String> event, Context context) {
        context.getLogger().log("as it is");
        for (LogLevel level : LogLevel.values()) {
            if (level != LogLevel.UNDEFINED) {
                context.getLogger().log("at " + level, level);
            }
        }
        return null;
    }
}
