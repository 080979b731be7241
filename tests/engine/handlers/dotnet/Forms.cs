using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using Amazon.Lambda.Core;
using Amazon.Lambda.Core.ResponseStreaming;

namespace Fn
{
    /// <summary>Handlers of other forms, and what is none.</summary>
    public class Forms : Inherited
    {
        public class Order
        {
            public string Item { get; set; }
            public int Count { get; set; }
        }

        public class Shouting : ILambdaSerializer
        {
            public T Deserialize<T>(Stream request) => (T)(object)new StreamReader(request).ReadToEnd().ToUpperInvariant();

            public void Serialize<T>(T response, Stream answer)
            {
                var bytes = Encoding.UTF8.GetBytes("\"" + response.ToString().Replace("\"", "") + "\"");
                answer.Write(bytes, 0, bytes.Length);
            }
        }

        public Order Twice(Order order, ILambdaContext context) => new Order { Item = order.Item, Count = order.Count * 2 };

        public static string Shout(string word) => word.ToUpperInvariant();

        public List<int> Sorted(List<int> numbers) => numbers.OrderBy(number => number).ToList();

        public void Silent(Dictionary<string, string> asked)
        {
        }

        public async Task Later(Stream asked) => await Task.Delay(1);

        public async Task<Order> Eventually(Order order)
        {
            await Task.Delay(1);
            return order;
        }

        public string NameOf(ILambdaContext context) => context.FunctionName;

        public int Nothing() => 7;

        public Stream Copied(Stream asked) => asked;

        public async Task<Stream> CopiedLater(Stream asked, ILambdaContext context)
        {
            await Task.Delay(1);
            return asked;
        }

        public void WrittenTo(Stream asked, ILambdaContext context) => Console.WriteLine(new StreamReader(asked).ReadToEnd());

        [LambdaSerializer(typeof(Shouting))]
        public string ByItsOwn(string word) => word;

        public ValueTask<int> Valued(Stream asked) => new ValueTask<int>(5);

        int Hidden(Stream asked) => 8;

        public int Several(int number) => number;

        public int Several(string word) => word.Length;

        public T Generic<T>(T value) => value;

        public int Three(int one, ILambdaContext context, int three) => one;

        public int Second(int one, int two) => one;

        public int Many(params int[] numbers) => numbers.Length;

        public async void Lost(Stream asked) => await Task.Delay(1);

        public int Odd(DateTimeOffset when) => when.Year;
    }

    public class Inherited
    {
        public string FromBelow(string word) => word;
    }

    public abstract class Abstract
    {
        public static int Static(Stream asked) => 9;

        public int Instance(Stream asked) => 9;
    }

    public class Generic<T>
    {
        public static int Handle(Stream asked) => 9;
    }

    public struct Value
    {
        public int Handle(Stream asked) => 10;
    }

    public class Logs
    {
        public static void Handle(Stream asked, ILambdaContext context)
        {
            Console.WriteLine("a line");
            Console.WriteLine("{0} and {1}", 1, 'x');
            Console.Error.WriteLine(7);
            Console.Write("as it is\n");
            LambdaLogger.Log("without a level\nof two lines");
            LambdaLogger.Log("Warning", "{0} of {count}", "one", 2);
            LambdaLogger.Log("Error", new Own("inside"), "failed");
            context.Logger.LogInformation("{name} has {@list} {missing}", "é", new[] { 1, 2 });
            context.Logger.LogError(new Own("inside"), "failed {times}", 3);
            context.Logger.LogDebug("nobody reads this");
        }
    }

    public class Client
    {
        public static object Handle(Stream asked, ILambdaContext context)
        {
            var client = context.ClientContext;
            return new Dictionary<string, object>
            {
                ["title"] = client.Client.AppTitle,
                ["installation"] = client.Client.InstallationId,
                ["package"] = client.Client.AppPackageName,
                ["custom"] = client.Custom,
                ["environment"] = client.Environment,
                ["identity"] = context.Identity.IdentityId,
                ["later"] = context.AddedLater,
            };
        }
    }

    public class Streams
    {
        public async Task<string> Handle(Dictionary<string, string> asked)
        {
            var prelude = asked.ContainsKey("prelude") ? asked["prelude"] : null;
            var stream = prelude == null ? LambdaResponseStreamFactory.CreateStream() : LambdaResponseStreamFactory.CreateHttpStream(prelude);
            await stream.WriteAsync("one é ");
            await Task.Delay(200);
            await stream.WriteAsync("two after " + stream.BytesWritten);
            switch (asked["then"])
            {
                case "throw": throw new Own("midway");
                case "again": LambdaResponseStreamFactory.CreateStream(); break;
            }
            return "counts for nothing";
        }
    }

    /// <summary>An executable assembly brings its own client.</summary>
    public static class Program
    {
        public static void Main()
        {
            var runtime = "http://" + Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/";
            using (var client = new System.Net.Http.HttpClient())
            {
                for (;;)
                {
                    var next = client.GetAsync(runtime + "next").Result;
                    var id = next.Headers.GetValues("Lambda-Runtime-Aws-Request-Id").First();
                    client.PostAsync(runtime + id + "/response", new System.Net.Http.StringContent("\"by itself\"")).Wait();
                }
            }
        }
    }
}
