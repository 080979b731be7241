using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Amazon.Lambda.Core;

[assembly: LambdaSerializer(typeof(Fn.JsonOfTests))]

namespace Fn
{
    public class JsonOfTests : ILambdaSerializer
    {
        static readonly JsonSerializerOptions options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            PropertyNameCaseInsensitive = true,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };

        public T Deserialize<T>(Stream requestStream)
        {
            var copied = new MemoryStream();
            requestStream.CopyTo(copied);
            return JsonSerializer.Deserialize<T>(copied.ToArray(), options);
        }

        public void Serialize<T>(T response, Stream responseStream)
        {
            using (var writer = new Utf8JsonWriter(responseStream, new JsonWriterOptions { Encoder = options.Encoder }))
            {
                JsonSerializer.Serialize(writer, response, options);
            }
        }
    }

    public class Own : Exception
    {
        public Own(string message) : base(message)
        {
        }
    }

    /// <summary>What the suite asks of every language, by the name in `do`.</summary>
    public class Every
    {
        static readonly List<byte[]> filled = new List<byte[]>();
        int calls;
        double longestPauseMs;
        int notes;

        public class Event
        {
            public string Do { get; set; }
            public JsonElement Value { get; set; }
        }

        public async Task<object> Handle(Event asked, ILambdaContext context)
        {
            calls++;
            await Task.Yield();
            return await Act(asked, asked.Value, context);
        }

        async Task<object> Act(Event asked, JsonElement value, ILambdaContext context)
        {
            switch (asked.Do)
            {
                case "echo": return value;
                case "calls": return calls;
                case "throw": throw new InvalidOperationException(value.GetString());
                case "throw_own": throw new Own(value.GetString());
                case "throw_cause": throw new InvalidOperationException(value.GetString(), new ArgumentException("below"));
                case "throw_odd": throw new AggregateException(value.GetString(), new Own("one"), new Own("another"));
                case "context": return Described(context);
                case "left": return await Left(value.GetInt32(), context);
                case "environment": return Environment.GetEnvironmentVariables();
                case "layer": return Assembly.LoadFrom("/opt/lib/Layered.dll").GetType("Layered.Part").GetField("Word").GetValue(null);
                case "print": return Print(value.GetString(), context);
                case "log": return Log(value.GetString(), context.Logger);
                case "large": return new string('x', value.GetInt32());
                case "exit": Environment.Exit(value.GetInt32()); return null;
                case "kill": return Kill(value.ValueKind == JsonValueKind.Null ? 9 : value.GetInt32());
                case "sleep": await Task.Delay(TimeSpan.FromSeconds(value.GetDouble())); return null;
                case "fill": return Fill(value.GetInt32());
                case "write": return Write(value.GetString());
                case "read": return File.Exists(value.GetString()) ? File.ReadAllText(value.GetString()) : null;
                case "beat": Beat(); return null;
                case "pause": return Pause();
                default: throw new ArgumentException(asked.Do);
            }
        }

        static object Described(ILambdaContext context)
        {
            return new Dictionary<string, object>
            {
                ["id"] = context.AwsRequestId,
                ["name"] = context.FunctionName,
                ["version"] = context.FunctionVersion,
                ["arn"] = context.InvokedFunctionArn,
                ["memory"] = context.MemoryLimitInMB,
                ["group"] = context.LogGroupName,
                ["stream"] = context.LogStreamName,
                ["left"] = (int)context.RemainingTime.TotalMilliseconds,
                ["identity"] = context.Identity.IdentityId,
                ["custom"] = context.ClientContext?.Custom,
                ["title"] = context.ClientContext?.Client.AppTitle,
                ["trace"] = Environment.GetEnvironmentVariable("_X_AMZN_TRACE_ID"),
            };
        }

        static async Task<object> Left(int sleepMs, ILambdaContext context)
        {
            var before = context.RemainingTime.TotalMilliseconds;
            await Task.Delay(sleepMs);
            return new[] { before, context.RemainingTime.TotalMilliseconds };
        }

        static object Print(string text, ILambdaContext context)
        {
            Console.Write(text + "\n");
            context.Logger.LogLine(text + " by the logger");
            return null;
        }

        static object Log(string level, ILambdaLogger logger)
        {
            switch (level)
            {
                case "debug": logger.LogDebug("at debug"); break;
                case "info": logger.Log(LogLevel.Information, "at info"); break;
                case "warn": logger.LogWarning("at warn"); break;
                default: logger.Log("Error", "at error"); break;
            }
            return null;
        }

        /// <summary>Twice: .NET takes the first SIGSEGV for one of its own, and leaves the next one to the system.</summary>
        public static object Kill(int signal)
        {
            for (var turn = 0; turn < 2; turn++)
            {
                Process.Start("/bin/sh", $"-c \"kill -{signal} {Process.GetCurrentProcess().Id}\"").WaitForExit();
            }
            Thread.Sleep(TimeSpan.FromSeconds(10));
            return null;
        }

        static object Fill(int mb)
        {
            for (var i = 0; i < mb; i++)
            {
                var some = new byte[1 << 20];
                Array.Fill(some, (byte)1);
                filled.Add(some);
            }
            return mb;
        }

        static object Write(string path)
        {
            try
            {
                File.WriteAllText(path, "x");
                return true;
            }
            catch (Exception failure) when (failure is IOException || failure is UnauthorizedAccessException)
            {
                return false;
            }
        }

        void Beat()
        {
            var watch = Stopwatch.StartNew();
            new Thread(() => Note(watch)) { IsBackground = true }.Start();
        }

        void Note(Stopwatch watch)
        {
            for (; ; watch.Restart())
            {
                Thread.Sleep(2);
                longestPauseMs = Math.Max(longestPauseMs, watch.Elapsed.TotalMilliseconds);
                Interlocked.Increment(ref notes);
            }
        }

        object Pause()
        {
            for (var until = notes + 5; notes < until;)
            {
                Thread.Sleep(1);
            }
            return longestPauseMs;
        }
    }

    public class Broken
    {
        public Broken() => throw new InvalidOperationException("broken from the start");

        public string Handle(Stream asked) => "never";
    }

    public class Ends
    {
        static Ends()
        {
            var status = int.Parse(Environment.GetEnvironmentVariable("ENDS") ?? "3");
            if (status >= 0)
            {
                Environment.Exit(status);
            }
            Every.Kill(-status);
        }

        public string Handle(Stream asked) => "never";
    }
}
