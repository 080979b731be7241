using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace LambdaEmu
{
    /// <summary>As Amazon.Lambda.Core numbers them, which a function may bring in a version without them.</summary>
    enum Level
    {
        Trace,
        Debug,
        Information,
        Warning,
        Error,
        Critical,
    }

    /// <summary>Where all that a function logs and prints becomes records, as text or as JSON.</summary>
    class Log
    {
        const string Descriptor = "_LAMBDA_TELEMETRY_LOG_FD";
        readonly object turn = new object();
        readonly TextWriter printed;
        readonly Stream records;
        readonly Level least;
        readonly Form form;

        Log(TextWriter printed, Stream records)
        {
            this.printed = printed;
            this.records = records;
            least = Levels.Parse(Setting("LEVEL")) ?? Level.Information;
            form = Form.Named(Setting("FORMAT") ?? "");
        }

        /// <summary>Of the invocation that is under way.</summary>
        internal string RequestId { get; set; } = "";

        /// <summary>The process's log. From now on what a function prints in lines are records too.</summary>
        internal static Log Open()
        {
            var log = new Log(Console.Out, Records(Environment.GetEnvironmentVariable(Descriptor)));
            Console.SetOut(new LineWriter(Console.Out, line => log.Write(Level.Information, null, line, null)));
            Console.SetError(new LineWriter(Console.Error, line => log.Write(Level.Error, null, line, null)));
            return log;
        }

        internal void Write(Level? level, Exception thrown, string message, object[] arguments)
        {
            if (level < least)
            {
                return;
            }
            var record = form.Write(new Record(RequestId, level, thrown, message ?? "", arguments ?? new object[0]));
            lock (turn)
            {
                if (records == null)
                {
                    printed.WriteLine(record);
                    return;
                }
                var frame = Frame(level, Encoding.UTF8.GetBytes(record));
                records.Write(frame, 0, frame.Length);
            }
        }

        /// <summary>
        /// Have what functions log by LambdaLogger come here. AWS's fields have these names in every version that has them.
        /// </summary>
        internal void TakeLogger(Assembly core)
        {
            var logger = core.GetType("Amazon.Lambda.Core.LambdaLogger");
            Set(logger, "_loggingAction", new Action<string>(message => Write(null, null, message, null)));
            Set(logger, "_loggingWithLevelAction", new Action<string, string, object[]>(
                (level, message, arguments) => Write(Levels.Parse(level), null, message, arguments)));
            Set(logger, "_loggingWithLevelAndExceptionAction", new Action<string, Exception, string, object[]>(
                (level, thrown, message, arguments) => Write(Levels.Parse(level), thrown, message, arguments)));
        }

        /// <summary>An ILambdaLogger, whatever methods the function's version of it has.</summary>
        internal object Logger(Type type)
        {
            return Proxy.Of(type, (method, arguments) =>
            {
                LogBy(method, arguments);
                return null;
            });
        }

        /// <summary>The level is in the method's name or its first argument; the rest tells itself by its type.</summary>
        void LogBy(MethodInfo method, object[] arguments)
        {
            var level = Levels.Parse(method.Name.Replace("Log", ""));
            var left = arguments.AsEnumerable();
            if (method.GetParameters().FirstOrDefault()?.Name == "level")
            {
                level = Levels.Parse(arguments[0]?.ToString());
                left = arguments.Skip(1);
            }
            else if (method.Name == "Log" || method.Name == "LogLine")
            {
                level = Level.Information;
            }
            var rest = left.ToList();
            var thrown = rest.OfType<Exception>().FirstOrDefault();
            Write(level, thrown, rest.OfType<string>().FirstOrDefault(), rest.OfType<object[]>().FirstOrDefault());
        }

        static void Set(Type logger, string name, Delegate action)
        {
            var field = logger?.GetField(name, BindingFlags.Static | BindingFlags.NonPublic);
            if (field != null && field.FieldType == action.GetType())
            {
                field.SetValue(null, action);
            }
        }

        /// <summary>What AWS's client of .NET alone reads comes before what the function's configuration says.</summary>
        static string Setting(string name)
        {
            var own = Environment.GetEnvironmentVariable("AWS_LAMBDA_HANDLER_LOG_" + name);
            return string.IsNullOrEmpty(own) ? Environment.GetEnvironmentVariable("AWS_LAMBDA_LOG_" + name) : own;
        }

        static Stream Records(string descriptor)
        {
            if (!int.TryParse(descriptor, out var number))
            {
                return null;
            }
            return new FileStream(new SafeFileHandle(new IntPtr(number), false), FileAccess.Write, 1);
        }

        /// <summary>docs/contract/logs-billing.md#groups-and-streams.</summary>
        byte[] Frame(Level? level, byte[] record)
        {
            var kind = 0xa55a0002 | (form.IsJson ? 0u : 1u) | (level == null ? 0u : ((uint)level + 1) << 2);
            var microseconds = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks / 10;
            return BigEndian(BitConverter.GetBytes(kind))
                .Concat(BigEndian(BitConverter.GetBytes(record.Length)))
                .Concat(BigEndian(BitConverter.GetBytes(microseconds)))
                .Concat(record)
                .ToArray();
        }

        static byte[] BigEndian(byte[] number)
        {
            if (BitConverter.IsLittleEndian)
            {
                Array.Reverse(number);
            }
            return number;
        }
    }

    static class Levels
    {
        /// <summary>By the names of .NET and of Lambda's settings; null for none of them.</summary>
        internal static Level? Parse(string name)
        {
            switch ((name ?? "").ToUpperInvariant())
            {
                case "INFO": return Level.Information;
                case "WARN": return Level.Warning;
                case "FATAL": return Level.Critical;
            }
            return Enum.TryParse<Level>(name, true, out var level) && Enum.IsDefined(typeof(Level), level) ? level : (Level?)null;
        }

        /// <summary>As text has it, which is .NET's own way.</summary>
        internal static string Short(Level level)
        {
            return new[] { "trce", "dbug", "info", "warn", "fail", "crit" }[(int)level];
        }
    }
}
