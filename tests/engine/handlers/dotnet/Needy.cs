namespace Needy
{
    /// <summary>In an assembly that names no serializer.</summary>
    public class Function
    {
        public int Handle(int number) => number;
    }
}
