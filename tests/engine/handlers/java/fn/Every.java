package fn;

import com.amazonaws.services.lambda.runtime.ClientContext;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the suite asks of every language, by the name in `do`. */
public class Every implements RequestHandler<Map<String, Object>, Object> {
    private static final int MB = 1024 * 1024;
    private final List<Long> beats = Collections.synchronizedList(new ArrayList<>());
    private int calls = 0;

    public static class Own extends RuntimeException {
        Own(String message) {
            super(message);
        }
    }

    @Override
    public Object handleRequest(Map<String, Object> event, Context context) {
        calls++;
        try {
            return act((String) event.get("do"), event.get("value"), context);
        } catch (InterruptedException | IOException | ReflectiveOperationException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private Object act(String what, Object value, Context context)
            throws InterruptedException, IOException, ReflectiveOperationException {
        switch (what) {
            case "echo":
                return value;
            case "calls":
                return calls;
            case "throw":
                throw new IllegalStateException((String) value);
            case "throw_own":
                throw new Own((String) value);
            case "throw_cause":
                throw new IllegalStateException((String) value, new RuntimeException("below"));
            case "throw_odd":
                throw new StackOverflowError((String) value);
            case "context":
                return described(context);
            case "left":
                int before = context.getRemainingTimeInMillis();
                Thread.sleep((Integer) value);
                return Arrays.asList(before, context.getRemainingTimeInMillis());
            case "environment":
                return System.getenv();
            case "layer":
                return Class.forName("layered.Part").getField("WORD").get(null);
            case "print":
                System.out.println(value);
                context.getLogger().log(value + " by the logger\n");
                return null;
            case "log":
                context.getLogger().log("at " + value, LogLevel.valueOf(((String) value).toUpperCase()));
                return null;
            case "large":
                char[] filled = new char[(Integer) value];
                Arrays.fill(filled, 'x');
                return new String(filled);
            case "exit":
                end((Integer) value);
                return null;
            case "kill":
                end(value == null ? -9 : -(Integer) value);
                return null;
            case "sleep":
                Thread.sleep((long) (1000 * ((Number) value).doubleValue()));
                return null;
            case "fill":
                return filled((Integer) value);
            case "write":
                return written(Paths.get((String) value));
            case "read":
                Path file = Paths.get((String) value);
                return Files.exists(file) ? new String(Files.readAllBytes(file)) : null;
            case "beat":
                beat();
                return null;
            case "pause":
                return pause();
            default:
                throw new IllegalArgumentException(what);
        }
    }

    private static Map<String, Object> described(Context context) {
        Map<String, Object> found = new LinkedHashMap<>();
        found.put("id", context.getAwsRequestId());
        found.put("name", context.getFunctionName());
        found.put("version", context.getFunctionVersion());
        found.put("arn", context.getInvokedFunctionArn());
        found.put("memory", context.getMemoryLimitInMB());
        found.put("group", context.getLogGroupName());
        found.put("stream", context.getLogStreamName());
        found.put("left", context.getRemainingTimeInMillis());
        found.put("identity", context.getIdentity() == null ? null : context.getIdentity().getIdentityId());
        ClientContext client = context.getClientContext();
        found.put("custom", client == null ? null : client.getCustom());
        found.put("title", client == null ? null : client.getClient().getAppTitle());
        String trace = System.getProperty("com.amazonaws.xray.traceHeader");
        found.put("trace", trace == null ? System.getenv("_X_AMZN_TRACE_ID") : trace);
        return found;
    }

    /** status: of a negative number, by that signal. */
    static void end(int status) {
        if (status >= 0) {
            System.exit(status);
        }
        String pid = ManagementFactory.getRuntimeMXBean().getName().split("@")[0];
        try {
            new ProcessBuilder("sh", "-c", "kill " + status + " " + pid).start().waitFor();
            Thread.sleep(10_000);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int filled(int count) {
        List<byte[]> taken = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] some = new byte[MB];
            Arrays.fill(some, (byte) 1);
            taken.add(some);
        }
        return taken.size();
    }

    private static boolean written(Path file) {
        try {
            Files.write(file, "x".getBytes());
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void beat() {
        beats.add(System.nanoTime());
        Thread beating = new Thread(() -> {
            while (true) {
                try {
                    Thread.sleep(2);
                } catch (InterruptedException e) {
                    return;
                }
                beats.add(System.nanoTime());
            }
        });
        beating.setDaemon(true);
        beating.start();
    }

    private long pause() throws InterruptedException {
        int seen = beats.size();
        while (beats.size() < seen + 5) {
            Thread.sleep(2);
        }
        long longest = 0;
        for (int i = 1; i < beats.size(); i++) {
            longest = Math.max(longest, beats.get(i) - beats.get(i - 1));
        }
        return longest / 1_000_000;
    }
}
