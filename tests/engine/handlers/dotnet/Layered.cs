namespace Layered
{
    public static class Part
    {
        public static readonly string Word = "from a layer";
    }
}
