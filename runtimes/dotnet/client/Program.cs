using System;
using System.Reflection;

namespace LambdaEmu
{
    /// <summary>The runtime client: makes the function's handler ready, then brings it one event after the other.</summary>
    static class Program
    {
        static void Main(string[] words)
        {
            FitMemory();
            var log = Log.Open();
            var address = Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API");
            var api = new RuntimeApi(address);
            var streams = new ResponseStreams(address);
            UseLoaded(core =>
            {
                log.TakeLogger(core);
                streams.Offer(core);
            });
            var handler = Begin(words, api);
            for (;;)
            {
                var invocation = api.Next();
                log.RequestId = invocation.RequestId;
                streams.Begin(invocation);
                Serve(invocation, handler, log, api, streams);
            }
        }

        /// <summary>
        /// The collector would count with the whole of the cgroup, which has /tmp in it. From .NET 8 on it can be told; what
        /// the function asks for itself, if that is less, stays.
        /// </summary>
        static void FitMemory()
        {
            var refresh = typeof(GC).GetMethod("RefreshMemoryLimit");
            ulong.TryParse(Environment.GetEnvironmentVariable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), out var mb);
            if (refresh == null || mb << 20 == 0 || (ulong)GC.GetGCMemoryInfo().TotalAvailableMemoryBytes < mb << 20)
            {
                return;
            }
            AppContext.SetData("GCHeapHardLimit", mb << 20);
            try
            {
                refresh.Invoke(null, null);
            }
            catch (TargetInvocationException refused)
            {
                Console.Error.WriteLine("The heap's limit stays as it was: " + refused.InnerException.Message);
            }
        }

        /// <summary>A handler that cannot be made ready is told once, and then ends the process by what was thrown.</summary>
        static Handler Begin(string[] words, RuntimeApi api)
        {
            try
            {
                return Handler.Find(Array.Find(words, word => !word.StartsWith("--")));
            }
            catch (Exception failure)
            {
                Console.Error.WriteLine(failure);
                api.InitError(failure);
                throw;
            }
        }

        static void Serve(Invocation invocation, Handler handler, Log log, RuntimeApi api, ResponseStreams streams)
        {
            Environment.SetEnvironmentVariable("_X_AMZN_TRACE_ID", invocation.TraceId);
            byte[] answer;
            try
            {
                answer = handler.Call(invocation, log);
            }
            catch (Exception failure)
            {
                Console.Error.WriteLine(failure);
                if (streams.Opened != null)
                {
                    streams.Opened.End(failure);
                }
                else
                {
                    api.Error(invocation, failure);
                }
                return;
            }
            if (streams.Opened != null)
            {
                streams.Opened.End(null); // what the handler returns counts for nothing then
            }
            else
            {
                api.Response(invocation, answer);
            }
        }

        /// <summary>Do it with the function's own Amazon.Lambda.Core, whenever that is loaded.</summary>
        static void UseLoaded(Action<Assembly> use)
        {
            AppDomain.CurrentDomain.AssemblyLoad += (sender, loaded) =>
            {
                if (loaded.LoadedAssembly.GetName().Name == "Amazon.Lambda.Core")
                {
                    use(loaded.LoadedAssembly);
                }
            };
        }
    }
}
