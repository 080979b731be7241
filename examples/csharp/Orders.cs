using System.Threading.Tasks;
using Amazon.Lambda.Core;

[assembly: LambdaSerializer(typeof(Amazon.Lambda.Serialization.SystemTextJson.DefaultLambdaJsonSerializer))]

namespace Shop
{
    public class Order
    {
        public string Item { get; set; }
        public int Count { get; set; }
    }

    public class Receipt
    {
        public string Text { get; set; }
        public int Cents { get; set; }
    }

    public class Orders
    {
        public async Task<Receipt> Handle(Order order, ILambdaContext context)
        {
            context.Logger.LogLine("ordered " + order.Item);
            await Task.Delay(10);
            return new Receipt { Text = order.Count + " x " + order.Item, Cents = order.Count * 30 };
        }
    }
}
