package fn;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the suite asks of every language, by the name in `do`. */
public class Every implements RequestHandler<Map<String, Object>, Object> {
    private int calls = 0;

    @Override
    public Object handleRequest(Map<String, Object> event, Context context) {
        calls++;
        switch ((String) event.get("do")) {
            case "echo":
                return event.get("value");
            case "calls":
                return calls;
            case "throw":
                throw new IllegalStateException((String) event.get("value"), new RuntimeException("below"));
            case "context":
                return described(context);
            case "environment":
                return System.getenv();
            case "print":
                System.out.println(event.get("value"));
                context.getLogger().log(event.get("value") + " by the logger\n");
                return null;
            case "exit":
                System.exit((Integer) event.get("value"));
                return null;
            case "kill":
                return killed();
            case "large":
                char[] filled = new char[(Integer) event.get("value")];
                Arrays.fill(filled, 'x');
                return new String(filled);
            case "layer":
                return layered();
            default:
                throw new IllegalArgumentException();
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
        found.put("custom", context.getClientContext() == null ? null : context.getClientContext().getCustom());
        String trace = System.getProperty("com.amazonaws.xray.traceHeader");
        found.put("trace", trace == null ? System.getenv("_X_AMZN_TRACE_ID") : trace);
        return found;
    }

    private static Object killed() {
        String pid = ManagementFactory.getRuntimeMXBean().getName().split("@")[0];
        try {
            new ProcessBuilder("sh", "-c", "kill -9 " + pid).start().waitFor();
        } catch (Exception e) {
            throw new RuntimeException(e);
        }
        return null;
    }

    private static Object layered() {
        try {
            return Class.forName("layered.Part").getField("WORD").get(null);
        } catch (ReflectiveOperationException e) {
            throw new RuntimeException(e);
        }
    }
}
