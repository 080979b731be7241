package fn;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** Handlers of the other forms. */
public class Forms {
    public static class Order {
        private String item;
        private int count;

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

    public static class Copied implements RequestStreamHandler {
        @Override
        public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
            byte[] some = new byte[8192];
            int count;
            while ((count = input.read(some)) > 0) {
                output.write(some, 0, count);
            }
        }
    }

    public Order twice(Order order, Context context) {
        order.setCount(order.getCount() * 2);
        return order;
    }

    /** What becomes of letters where nobody says how they are written. */
    public static String spelled(String word) {
        System.out.println(word);
        return Charset.defaultCharset() + " " + new String(word.getBytes());
    }

    public static String shout(String word) {
        return word.toUpperCase();
    }

    public List<Integer> sorted(List<Integer> numbers) {
        List<Integer> copy = new ArrayList<>(numbers);
        Collections.sort(copy);
        return copy;
    }

    public void silent(Map<String, String> event) {}

    public Map<String, Object> jvm(Map<String, String> event) throws Exception {
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init((KeyStore) null);
        List<String> collectors = new ArrayList<>();
        ManagementFactory.getGarbageCollectorMXBeans().forEach(bean -> collectors.add(bean.getName()));
        Map<String, Object> found = new TreeMap<>();
        found.put("heap", Runtime.getRuntime().maxMemory());
        found.put("authorities", ((X509TrustManager) trust.getTrustManagers()[0]).getAcceptedIssuers().length);
        found.put("collectors", collectors);
        found.put("compiler", flag("TieredStopAtLevel"));
        found.put("mapped", mapped("/client."));
        found.put("native", mapped("aws-lambda-jni"));
        found.put("java", System.getProperty("java.specification.version"));
        found.put("home", System.getProperty("java.home"));
        return found;
    }

    private static String flag(String name) {
        return ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class).getVMOption(name).getValue();
    }

    private static List<String> mapped(String what) throws IOException {
        List<String> found = new ArrayList<>();
        for (String line : Files.readAllLines(Paths.get("/proc/self/maps"))) {
            if (line.contains(what)) {
                found.add(line.substring(line.indexOf('/')));
            }
        }
        return found;
    }

    public void copied(InputStream input, OutputStream output) throws IOException {
        output.write(input.read());
    }
}
