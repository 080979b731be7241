using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace LambdaEmu
{
    /// <summary>Gives the function's own Amazon.Lambda.Core the streams that it asks for, one for each invocation.</summary>
    class ResponseStreams
    {
        const string Names = "Amazon.Lambda.Core.ResponseStreaming.";
        readonly string address;
        Invocation invocation;

        internal ResponseStreams(string address)
        {
            this.address = address;
        }

        /// <summary>Of the invocation that is under way; null where the function asked for none.</summary>
        internal ResponseStream Opened { get; private set; }

        internal void Begin(Invocation next)
        {
            invocation = next;
            Opened = null;
        }

        /// <summary>Older versions of the assembly have no streams.</summary>
        internal void Offer(Assembly core)
        {
            var type = core.GetType(Names + "ILambdaResponseStream");
            var set = core.GetType(Names + "LambdaResponseStreamFactory")?
                .GetMethod("SetLambdaResponseStream", BindingFlags.Static | BindingFlags.NonPublic);
            if (type != null && set != null)
            {
                var factory = GetType().GetMethod("Factory", BindingFlags.Instance | BindingFlags.NonPublic);
                set.Invoke(null, new[] { factory.MakeGenericMethod(type).Invoke(this, null) });
            }
        }

        Func<byte[], T> Factory<T>() => prelude => (T)Proxy.Of(typeof(T), Open(prelude).Answer);

        ResponseStream Open(byte[] prelude)
        {
            if (Opened != null)
            {
                throw new InvalidOperationException("The invocation has a response stream already.");
            }
            return Opened = new ResponseStream(address, invocation, prelude);
        }
    }

    /// <summary>An answer that goes out while it is made. HttpClient knows no trailers, which tell of an error by then.</summary>
    /// <remarks>docs/contract/runtime.md#runtime-api.</remarks>
    class ResponseStream
    {
        const string Error = "Lambda-Runtime-Function-Error-";
        const int BehindPrelude = 8;
        readonly TcpClient connection = new TcpClient { NoDelay = true };
        readonly NetworkStream stream;
        long written;

        /// <summary>prelude: status, headers and cookies as JSON, or empty.</summary>
        internal ResponseStream(string address, Invocation invocation, byte[] prelude)
        {
            var end = address.LastIndexOf(':');
            connection.Connect(address.Substring(0, end), int.Parse(address.Substring(end + 1), CultureInfo.InvariantCulture));
            stream = connection.GetStream();
            Send(Encoding.ASCII.GetBytes(string.Join("\r\n", Head(address, invocation)) + "\r\n\r\n"));
            if (prelude.Length > 0)
            {
                Array.Resize(ref prelude, prelude.Length + BehindPrelude);
                Send(Chunk(prelude, 0, prelude.Length));
            }
        }

        /// <summary>What the function's own interface for it asks.</summary>
        internal object Answer(MethodInfo method, object[] arguments)
        {
            switch (method.Name)
            {
                case "WriteAsync": return Write((byte[])arguments[0], (int)arguments[1], (int)arguments[2]);
                case "get_BytesWritten": return written;
                case "get_HasError": return false;
                default: return null;
            }
        }

        /// <summary>Nothing more comes. thrown: what the handler threw, or null.</summary>
        internal void End(Exception thrown)
        {
            var last = "0\r\n";
            if (thrown != null)
            {
                var failure = new Failure(thrown);
                last += Error + "Type: " + failure.Type + "\r\n";
                last += Error + "Body: " + Convert.ToBase64String(failure.Json()) + "\r\n";
            }
            using (connection)
            {
                Send(Encoding.ASCII.GetBytes(last + "\r\n"));
                stream.CopyTo(Stream.Null); // until the other side has read all, and closes
            }
        }

        async Task Write(byte[] buffer, int offset, int count)
        {
            if (count > 0)
            {
                var chunk = Chunk(buffer, offset, count);
                await stream.WriteAsync(chunk, 0, chunk.Length);
                written += count;
            }
        }

        void Send(byte[] bytes) => stream.Write(bytes, 0, bytes.Length);

        static byte[] Chunk(byte[] buffer, int offset, int count)
        {
            var chunk = new MemoryStream();
            var size = Encoding.ASCII.GetBytes(count.ToString("X", CultureInfo.InvariantCulture) + "\r\n");
            chunk.Write(size, 0, size.Length);
            chunk.Write(buffer, offset, count);
            chunk.Write(new[] { (byte)'\r', (byte)'\n' }, 0, 2);
            return chunk.ToArray();
        }

        static IEnumerable<string> Head(string address, Invocation invocation)
        {
            var lines = new List<string>
            {
                "POST /2018-06-01/runtime/invocation/" + invocation.RequestId + "/response HTTP/1.1",
                "Host: " + address,
                "Content-Type: application/vnd.awslambda.http-integration-response",
                "Lambda-Runtime-Function-Response-Mode: streaming",
                "Transfer-Encoding: chunked",
                "Trailer: " + Error + "Type, " + Error + "Body",
                "Connection: close",
            };
            if (invocation.InvocationId != null)
            {
                lines.Add("Lambda-Runtime-Invocation-Id: " + invocation.InvocationId);
            }
            return lines;
        }
    }
}
