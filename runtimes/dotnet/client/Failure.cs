using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;

namespace LambdaEmu
{
    /// <summary>What is told of an exception. docs/contract/invoke.md#function-errors.</summary>
    class Failure
    {
        const int MostBytes = 256 * 1024;
        const string TooLarge = "Exception exceeded maximum payload size of 256KB.";
        readonly Exception thrown;

        internal Failure(Exception thrown)
        {
            this.thrown = thrown;
        }

        internal string Type => thrown.GetType().Name;

        /// <summary>The error that the caller gets: type and message, where it was thrown, and what it was caused by.</summary>
        internal byte[] Json()
        {
            var json = JsonBytes.Of(writer => Write(writer, thrown));
            return json.Length <= MostBytes ? json : JsonBytes.Of(WriteTooLarge);
        }

        /// <summary>What X-Ray gets, as a header.</summary>
        internal byte[] XRayCause()
        {
            var frames = new StackTrace(thrown, true).GetFrames() ?? new StackFrame[0];
            return JsonBytes.Of(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("working_directory", Directory.GetCurrentDirectory());
                writer.WriteStartArray("exceptions");
                writer.WriteStartObject();
                writer.WriteString("type", Type);
                writer.WriteString("message", thrown.Message);
                writer.WriteStartArray("stack");
                foreach (var frame in frames)
                {
                    WriteFrame(writer, frame);
                }
                writer.WriteEndArray();
                writer.WriteEndObject();
                writer.WriteEndArray();
                writer.WriteStartArray("paths");
                foreach (var path in frames.Select(frame => frame.GetFileName()).Where(path => path != null).Distinct())
                {
                    writer.WriteStringValue(path);
                }
                writer.WriteEndArray();
                writer.WriteEndObject();
            });
        }

        static void Write(Utf8JsonWriter writer, Exception thrown)
        {
            writer.WriteStartObject();
            writer.WriteString("errorType", thrown.GetType().Name);
            writer.WriteString("errorMessage", thrown.Message);
            WriteTrace(writer, thrown);
            if (thrown.InnerException != null)
            {
                writer.WritePropertyName("cause");
                Write(writer, thrown.InnerException);
            }
            if (thrown is AggregateException several && several.InnerExceptions.Count > 0)
            {
                writer.WriteStartArray("causes");
                foreach (var one in several.InnerExceptions)
                {
                    Write(writer, one);
                }
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }

        static void WriteTrace(Utf8JsonWriter writer, Exception thrown)
        {
            if (string.IsNullOrEmpty(thrown.StackTrace))
            {
                return;
            }
            writer.WriteStartArray("stackTrace");
            foreach (var line in thrown.StackTrace.Split('\n').Select(line => line.Trim()).Where(line => line != ""))
            {
                writer.WriteStringValue(line);
            }
            writer.WriteEndArray();
        }

        static void WriteFrame(Utf8JsonWriter writer, StackFrame frame)
        {
            var method = frame.GetMethod();
            var path = frame.GetFileName();
            writer.WriteStartObject();
            if (path != null)
            {
                writer.WriteString("path", path);
                writer.WriteNumber("line", frame.GetFileLineNumber());
            }
            var above = method?.DeclaringType == null ? "" : method.DeclaringType.Name + ".";
            writer.WriteString("label", above + method?.Name);
            writer.WriteEndObject();
        }

        static void WriteTooLarge(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("errorMessage", TooLarge);
            writer.WriteEndObject();
        }
    }

    static class JsonBytes
    {
        internal static byte[] Of(Action<Utf8JsonWriter> write)
        {
            var stream = new MemoryStream();
            using (var writer = new Utf8JsonWriter(stream))
            {
                write(writer);
            }
            return stream.ToArray();
        }
    }
}
