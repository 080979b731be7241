import com.amazonaws.services.lambda.runtime.Context;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * Runs a command, the start of a runtime, as one that serves a single event and is ended when it asks for another.
 *
 * The event is for {@link Training#handle}, which does what handlers do: it has a class of its own, and logs.
 */
public class Training {
    private static final String EVENT = "{\"name\": \"training\", \"count\": 1}";
    /** Without a content type the client's native part crashes. */
    private static final String HEADERS =
            "Content-Type: application/json\r\n"
                    + "Lambda-Runtime-Aws-Request-Id: 1\r\n"
                    + "Lambda-Runtime-Deadline-Ms: 4102444800000\r\n"
                    + "Lambda-Runtime-Invoked-Function-Arn: arn\r\n"
                    + "Lambda-Runtime-Trace-Id: Root=1\r\n";
    private static final int LIMIT_MS = 30_000;

    public static class Order {
        private String name;
        private int count;

        public String getName() {
            return name;
        }

        public void setName(String name) {
            this.name = name;
        }

        public int getCount() {
            return count;
        }

        public void setCount(int count) {
            this.count = count;
        }
    }

    public Order handle(Order order, Context context) {
        context.getLogger().log(order.getName());
        return order;
    }

    public static void main(String[] command) throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            listener.setSoTimeout(LIMIT_MS);
            ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
            builder.environment().put("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:" + listener.getLocalPort());
            Process runtime = builder.start();
            try {
                serve(listener);
            } finally {
                runtime.destroy(); // it writes its archive when it ends
            }
            if (!runtime.waitFor(LIMIT_MS, TimeUnit.MILLISECONDS)) {
                throw new IOException("it did not end");
            }
        }
    }

    /** Over one connection, as AWS's client keeps it. */
    private static void serve(ServerSocket listener) throws IOException {
        try (Socket connection = listener.accept()) {
            connection.setSoTimeout(LIMIT_MS);
            InputStreamReader bytes = new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1);
            BufferedReader in = new BufferedReader(bytes);
            expect("GET ", in);
            answer(connection.getOutputStream(), "200 OK", HEADERS, EVENT);
            expect("POST ", in);
            answer(connection.getOutputStream(), "202 Accepted", "", "{}");
            expect("GET ", in);
        }
    }

    private static void expect(String method, BufferedReader in) throws IOException {
        String first = in.readLine();
        if (first == null || !first.startsWith(method)) {
            throw new IOException(first + " instead of " + method);
        }
        int length = 0;
        for (String line = in.readLine(); !line.isEmpty(); line = in.readLine()) {
            if (line.toLowerCase().startsWith("content-length:")) {
                length = Integer.parseInt(line.substring(15).trim());
            }
        }
        while (length > 0) {
            length -= in.skip(length);
        }
    }

    private static void answer(OutputStream out, String status, String headers, String body) throws IOException {
        String head = "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + body.length() + "\r\n\r\n";
        out.write((head + body).getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }
}
