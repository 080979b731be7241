// A stand-in for the package Amazon.Lambda.Core, which is on no registry that these tests reach: its public names, and
// the fields of LambdaLogger that AWS's runtime client sets, but none of its code.
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Amazon.Lambda.Core
{
    public interface ILambdaSerializer
    {
        T Deserialize<T>(Stream requestStream);
        void Serialize<T>(T response, Stream responseStream);
    }

    [AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Method)]
    public sealed class LambdaSerializerAttribute : Attribute
    {
        public LambdaSerializerAttribute(Type serializerType)
        {
            SerializerType = serializerType;
        }

        public Type SerializerType { get; set; }
    }

    public interface ILambdaLogger
    {
        void Log(string message);
        void LogLine(string message);
        void Log(string level, string message);
        void Log(LogLevel level, string message);
        void LogDebug(string message);
        void LogInformation(string message, params object[] args);
        void LogWarning(string message);
        void LogError(Exception exception, string message, params object[] args);
    }

    public enum LogLevel
    {
        Trace,
        Debug,
        Information,
        Warning,
        Error,
        Critical,
    }

    public interface ICognitoIdentity
    {
        string IdentityId { get; }
        string IdentityPoolId { get; }
    }

    public interface IClientApplication
    {
        string AppPackageName { get; }
        string AppTitle { get; }
        string AppVersionCode { get; }
        string AppVersionName { get; }
        string InstallationId { get; }
    }

    public interface IClientContext
    {
        IDictionary<string, string> Environment { get; }
        IClientApplication Client { get; }
        IDictionary<string, string> Custom { get; }
    }

    public interface ILambdaContext
    {
        string AwsRequestId { get; }
        IClientContext ClientContext { get; }
        string FunctionName { get; }
        string FunctionVersion { get; }
        ICognitoIdentity Identity { get; }
        string InvokedFunctionArn { get; }
        ILambdaLogger Logger { get; }
        string LogGroupName { get; }
        string LogStreamName { get; }
        int MemoryLimitInMB { get; }
        TimeSpan RemainingTime { get; }
        int AddedLater { get; }
    }

    public static class LambdaLogger
    {
        private static Action<string> _loggingAction = Unset;
        private static Action<string, string, object[]> _loggingWithLevelAction = (level, message, args) => Unset(message);
        private static Action<string, Exception, string, object[]> _loggingWithLevelAndExceptionAction =
            (level, exception, message, args) => Unset(message);

        public static void Log(string message) => _loggingAction(message);

        public static void Log(string level, string message, params object[] args)
            => _loggingWithLevelAction(level, message, args);

        public static void Log(string level, Exception exception, string message, params object[] args)
            => _loggingWithLevelAndExceptionAction(level, exception, message, args);

        private static void Unset(string message) => throw new InvalidOperationException("nobody set the logger");
    }
}

namespace Amazon.Lambda.Core.ResponseStreaming
{
    internal interface ILambdaResponseStream : IDisposable
    {
        Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken = default(CancellationToken));
        long BytesWritten { get; }
        bool HasError { get; }
    }

    public class LambdaResponseStream
    {
        private readonly ILambdaResponseStream _stream;

        internal LambdaResponseStream(ILambdaResponseStream stream) => _stream = stream;

        public long BytesWritten => _stream.BytesWritten;

        public Task WriteAsync(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            return _stream.WriteAsync(bytes, 0, bytes.Length);
        }
    }

    public class LambdaResponseStreamFactory
    {
        private static Func<byte[], ILambdaResponseStream> _streamFactory;

        internal static void SetLambdaResponseStream(Func<byte[], ILambdaResponseStream> streamFactory)
            => _streamFactory = streamFactory;

        public static LambdaResponseStream CreateStream() => new LambdaResponseStream(_streamFactory(new byte[0]));

        public static LambdaResponseStream CreateHttpStream(string prelude)
            => new LambdaResponseStream(_streamFactory(Encoding.UTF8.GetBytes(prelude)));
    }
}
