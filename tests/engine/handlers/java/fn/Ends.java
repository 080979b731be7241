package fn;

public class Ends {
    static {
        String status = System.getenv("ENDS");
        Every.end(status == null ? 3 : Integer.parseInt(status));
    }

    public String handle(Object event) {
        return "never";
    }
}
