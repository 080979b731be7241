using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Threading;

namespace LambdaEmu
{
    /// <summary>One event, and what the Runtime API says of it. Null for what it does not say.</summary>
    class Invocation
    {
        readonly HttpResponseHeaders headers;

        internal Invocation(byte[] payload, HttpResponseHeaders headers)
        {
            Payload = payload;
            this.headers = headers;
        }

        internal byte[] Payload { get; }
        internal string RequestId => Header("Aws-Request-Id");
        internal string TraceId => Header("Trace-Id");
        internal string Arn => Header("Invoked-Function-Arn");
        internal string ClientContext => Header("Client-Context");
        internal string Identity => Header("Cognito-Identity");
        internal string TenantId => Header("Aws-Tenant-Id");
        internal string InvocationId => Header("Invocation-Id");
        internal long DeadlineMs => long.TryParse(Header("Deadline-Ms"), out var found) ? found : 0;

        string Header(string name)
        {
            if (!headers.TryGetValues("Lambda-Runtime-" + name, out var values))
            {
                return null;
            }
            // Text that is not ASCII comes as its bytes, which HTTP knows nothing about.
            return Encoding.UTF8.GetString(values.First().Select(letter => (byte)letter).ToArray());
        }
    }

    /// <summary>docs/contract/runtime.md#runtime-api. What goes wrong here ends the process, as in AWS's client.</summary>
    class RuntimeApi
    {
        const int MostHeaderBytes = 1 << 20;
        const string ErrorType = "application/vnd.aws.lambda.error+json";
        readonly HttpClient client;
        readonly string runtime;

        internal RuntimeApi(string address)
        {
            // The address is the platform's own: no proxy that a function names for its calls lies between.
            client = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false });
            client.Timeout = Timeout.InfiniteTimeSpan;
            runtime = "http://" + address + "/2018-06-01/runtime/";
        }

        internal Invocation Next()
        {
            using (var answer = Send(new HttpRequestMessage(HttpMethod.Get, runtime + "invocation/next")))
            {
                return new Invocation(Body(answer), answer.Headers);
            }
        }

        internal void Response(Invocation invocation, byte[] payload)
        {
            Post("invocation/" + invocation.RequestId + "/response", payload, "application/json", invocation);
        }

        internal void Error(Invocation invocation, Exception failure)
        {
            var told = new Failure(failure);
            var headers = new Dictionary<string, string> { ["Error-Type"] = told.Type };
            var cause = Encoding.UTF8.GetString(told.XRayCause());
            if (cause.Length < MostHeaderBytes)
            {
                headers["XRay-Error-Cause"] = cause;
            }
            Post("invocation/" + invocation.RequestId + "/error", told.Json(), ErrorType, invocation, headers);
        }

        internal void InitError(Exception failure)
        {
            Post("init/error", new Failure(failure).Json(), ErrorType, null);
        }

        /// <summary>An answer that comes too late is refused with 410: there is nobody for it, and the loop goes on.</summary>
        void Post(
            string path, byte[] body, string type, Invocation invocation, Dictionary<string, string> function = null)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, runtime + path) { Content = new ByteArrayContent(body) };
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            foreach (var header in function ?? new Dictionary<string, string>())
            {
                request.Headers.TryAddWithoutValidation("Lambda-Runtime-Function-" + header.Key, header.Value);
            }
            if (invocation?.InvocationId != null)
            {
                request.Headers.TryAddWithoutValidation("Lambda-Runtime-Invocation-Id", invocation.InvocationId);
            }
            Send(request, HttpStatusCode.Gone).Dispose();
        }

        HttpResponseMessage Send(HttpRequestMessage request, HttpStatusCode alsoFine = HttpStatusCode.OK)
        {
            var answer = client.SendAsync(request).GetAwaiter().GetResult();
            if (!answer.IsSuccessStatusCode && answer.StatusCode != alsoFine)
            {
                var said = Encoding.UTF8.GetString(Body(answer));
                throw new InvalidOperationException("the Runtime API answered " + (int)answer.StatusCode + ": " + said);
            }
            return answer;
        }

        static byte[] Body(HttpResponseMessage answer) => answer.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult();
    }
}
