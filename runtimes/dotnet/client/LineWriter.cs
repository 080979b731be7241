using System;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace LambdaEmu
{
    /// <summary>Console.Out or Console.Error: whole lines are records of the log, all else is printed as it is.</summary>
    class LineWriter : TextWriter
    {
        readonly TextWriter printed;
        readonly Action<string> record;

        internal LineWriter(TextWriter printed, Action<string> record)
        {
            this.printed = printed;
            this.record = record;
        }

        public override Encoding Encoding => printed.Encoding;
        public override IFormatProvider FormatProvider => printed.FormatProvider;

        public override void Flush() => printed.Flush();
        public override void Write(char value) => printed.Write(value);
        public override void Write(char[] buffer, int index, int count) => printed.Write(buffer, index, count);
        public override void Write(string value) => printed.Write(value);
        public override void Write(ReadOnlySpan<char> buffer) => printed.Write(buffer);

        public override void WriteLine() => record("");
        public override void WriteLine(string value) => record(value);
        public override void WriteLine(object value) => record(value?.ToString());
        public override void WriteLine(bool value) => record(value.ToString());
        public override void WriteLine(char value) => record(value.ToString());
        public override void WriteLine(int value) => record(value.ToString(FormatProvider));
        public override void WriteLine(uint value) => record(value.ToString(FormatProvider));
        public override void WriteLine(long value) => record(value.ToString(FormatProvider));
        public override void WriteLine(ulong value) => record(value.ToString(FormatProvider));
        public override void WriteLine(float value) => record(value.ToString(FormatProvider));
        public override void WriteLine(double value) => record(value.ToString(FormatProvider));
        public override void WriteLine(decimal value) => record(value.ToString(FormatProvider));
        public override void WriteLine(char[] buffer) => record(new string(buffer ?? new char[0]));
        public override void WriteLine(char[] buffer, int index, int count) => record(new string(buffer, index, count));
        public override void WriteLine(ReadOnlySpan<char> buffer) => record(buffer.ToString());
        public override void WriteLine(StringBuilder value) => record(value?.ToString());
        public override void WriteLine(string format, object first) => record(string.Format(format, first));
        public override void WriteLine(string format, object first, object second) => record(string.Format(format, first, second));
        public override void WriteLine(string format, object first, object second, object third)
            => record(string.Format(format, first, second, third));
        public override void WriteLine(string format, params object[] all) => record(string.Format(format, all));

        public override Task WriteLineAsync() => RecordAsync("");
        public override Task WriteLineAsync(char value) => RecordAsync(value.ToString());
        public override Task WriteLineAsync(string value) => RecordAsync(value);
        public override Task WriteLineAsync(char[] buffer, int index, int count) => RecordAsync(new string(buffer, index, count));
        public override Task WriteLineAsync(ReadOnlyMemory<char> buffer, CancellationToken token = default(CancellationToken))
            => RecordAsync(buffer.ToString());
        public override Task WriteLineAsync(StringBuilder value, CancellationToken token = default(CancellationToken))
            => RecordAsync(value?.ToString());

        Task RecordAsync(string line)
        {
            record(line);
            return Task.CompletedTask;
        }
    }
}
