package layered;

public class Part {
    public static final String WORD = "from a layer";
}
