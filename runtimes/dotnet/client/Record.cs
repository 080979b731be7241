using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace LambdaEmu
{
    /// <summary>One message. arguments: for the places in it, `{name}`, `{0}` or `{name:format}`.</summary>
    class Record
    {
        static readonly Regex places = new Regex(@"\{(@?)([^{}:]+)(:[^{}]*)?\}", RegexOptions.CultureInvariant);
        readonly string message;
        readonly object[] arguments;

        internal Record(string requestId, Level? level, Exception thrown, string message, object[] arguments)
        {
            RequestId = requestId;
            Level = level;
            Thrown = thrown;
            this.message = message;
            this.arguments = arguments;
        }

        internal string RequestId { get; }
        internal Level? Level { get; }
        internal Exception Thrown { get; }
        internal string Time { get; } = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

        /// <summary>The message with its arguments in their places; a place without one stays as it is.</summary>
        internal string Message
        {
            get
            {
                var number = 0;
                return arguments.Length == 0 ? message : places.Replace(message, place =>
                {
                    var index = Index(place, number++);
                    return index < arguments.Length ? Show(arguments[index], place) : place.Value;
                });
            }
        }

        /// <summary>The arguments by the names of their places, without those that are null.</summary>
        internal IEnumerable<KeyValuePair<string, object>> Properties
        {
            get
            {
                if (arguments.Length == 0)
                {
                    return Enumerable.Empty<KeyValuePair<string, object>>();
                }
                return places.Matches(message).Cast<Match>()
                    .Select((place, number) => new { Name = place.Groups[2].Value, Index = Index(place, number) })
                    .Where(place => place.Index < arguments.Length && arguments[place.Index] != null)
                    .Select(place => new KeyValuePair<string, object>(place.Name, arguments[place.Index]));
            }
        }

        /// <summary>Which argument belongs there: the one of that number, else the next one.</summary>
        static int Index(Match place, int number) => uint.TryParse(place.Groups[2].Value, out var named) ? (int)named : number;

        static string Show(object argument, Match place)
        {
            if (place.Groups[1].Value == "@")
            {
                return JsonSerializer.Serialize(argument);
            }
            return string.Format(CultureInfo.InvariantCulture, "{0" + place.Groups[3].Value + "}", argument);
        }
    }

    /// <summary>How records are written: as text, as the bare message, or as JSON.</summary>
    class Form
    {
        static readonly Form text = new Form(Text, false);
        static readonly Form bare = new Form(record => record.Message, false);
        static readonly Form json = new Form(Json, true);
        internal readonly Func<Record, string> Write;
        internal readonly bool IsJson;

        Form(Func<Record, string> write, bool isJson)
        {
            Write = write;
            IsJson = isJson;
        }

        internal static Form Named(string name)
        {
            switch (name.ToUpperInvariant())
            {
                case "JSON": return json;
                case "UNFORMATTED": return bare;
                default: return text;
            }
        }

        static string Text(Record record)
        {
            var words = new List<string> { record.Time, record.RequestId };
            if (record.Level != null)
            {
                words.Add(Levels.Short(record.Level.Value));
            }
            var told = new[] { record.Message, record.Thrown?.ToString() }.Where(part => !string.IsNullOrEmpty(part));
            words.Add(string.Join("\n", told));
            return string.Join("\t", words);
        }

        static string Json(Record record)
        {
            return Encoding.UTF8.GetString(JsonBytes.Of(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("timestamp", record.Time);
                writer.WriteString("level", (record.Level ?? Level.Information).ToString());
                if (record.RequestId != "")
                {
                    writer.WriteString("requestId", record.RequestId);
                }
                writer.WriteString("message", record.Message);
                foreach (var property in record.Properties)
                {
                    writer.WritePropertyName(property.Key);
                    WriteValue(writer, property.Value);
                }
                if (record.Thrown != null)
                {
                    WriteThrown(writer, record.Thrown);
                }
                writer.WriteEndObject();
            }));
        }

        static void WriteThrown(Utf8JsonWriter writer, Exception thrown)
        {
            writer.WriteString("errorType", thrown.GetType().FullName);
            writer.WriteString("errorMessage", thrown.Message);
            writer.WriteStartArray("stackTrace");
            foreach (var line in thrown.ToString().Split('\n'))
            {
                writer.WriteStringValue(line.Trim());
            }
            writer.WriteEndArray();
        }

        static void WriteValue(Utf8JsonWriter writer, object value)
        {
            if (value is string || !(value is bool || value.GetType().IsPrimitive || value is decimal || value is IEnumerable))
            {
                writer.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
            }
            else
            {
                JsonSerializer.Serialize(writer, value, value.GetType());
            }
        }
    }
}
