package fn;

public class Broken {
    public Broken() {
        throw new IllegalStateException("broken from the start");
    }

    public String handle(Object event) {
        return "never";
    }
}
