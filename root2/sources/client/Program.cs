using System;

namespace LambdaEmu
{
    /// <summary>The runtime client: makes the function's handler ready, then brings it one event after the other.</summary>
    static class Program
    {
        static void Main(string[] words)
        {
            FitMemory();
            var log = Log.Open();
            var api = new RuntimeApi(Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API"));
            var handler = Begin(words, log, api);
            for (;;)
            {
                Serve(api.Next(), handler, log, api);
            }
        }

        /// <summary>The collector would count with the whole of the cgroup, which has /tmp in it. From .NET 8 on.</summary>
        static void FitMemory()
        {
            var refresh = typeof(GC).GetMethod("RefreshMemoryLimit");
            if (refresh != null && ulong.TryParse(Environment.GetEnvironmentVariable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), out var mb))
            {
                AppContext.SetData("GCHeapHardLimit", mb << 20);
                refresh.Invoke(null, null);
            }
        }

        /// <summary>A handler that cannot be made ready is told once, and then ends the process by what was thrown.</summary>
        static Handler Begin(string[] words, Log log, RuntimeApi api)
        {
            try
            {
                log.TakeLoggers();
                return Handler.Find(Array.Find(words, word => !word.StartsWith("--")));
            }
            catch (Exception failure)
            {
                Console.Error.WriteLine(failure);
                api.InitError(failure);
                throw;
            }
        }

        static void Serve(Invocation invocation, Handler handler, Log log, RuntimeApi api)
        {
            log.RequestId = invocation.RequestId;
            Environment.SetEnvironmentVariable("_X_AMZN_TRACE_ID", invocation.TraceId);
            byte[] answer;
            try
            {
                answer = handler.Call(invocation, log);
            }
            catch (Exception failure)
            {
                Console.Error.WriteLine(failure);
                api.Error(invocation, failure);
                return;
            }
            api.Response(invocation, answer);
        }
    }
}
