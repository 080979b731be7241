using System;
using System.Collections.Generic;
using System.Reflection;
using System.Text.Json;

namespace LambdaEmu
{
    /// <summary>Implements an interface of the function's own Amazon.Lambda.Core by one function for all its members.</summary>
    public class Proxy : DispatchProxy
    {
        static readonly MethodInfo make = typeof(DispatchProxy).GetMethod("Create", Type.EmptyTypes);
        Func<MethodInfo, object[], object> answer;

        internal static object Of(Type type, Func<MethodInfo, object[], object> answer)
        {
            var made = (Proxy)make.MakeGenericMethod(type, typeof(Proxy)).Invoke(null, null);
            made.answer = answer;
            return made;
        }

        /// <summary>An object with these properties. One that a newer interface has besides is null, or zero.</summary>
        internal static object Of(Type type, Func<string, Type, object> property)
        {
            return Of(type, (method, arguments) =>
            {
                var found = property(method.Name.Replace("get_", ""), method.ReturnType);
                return Fit(found, method.ReturnType);
            });
        }

        protected override object Invoke(MethodInfo method, object[] arguments) => answer(method, arguments);

        static object Fit(object value, Type type)
        {
            return value == null && type.IsValueType && type != typeof(void) ? Activator.CreateInstance(type) : value;
        }
    }

    /// <summary>ILambdaContext, as the function knows it.</summary>
    static class Context
    {
        internal const string Name = "Amazon.Lambda.Core.ILambdaContext";

        internal static object Of(Type type, Invocation invocation, Log log, object serializer)
        {
            return Proxy.Of(type, (property, of) => Property(property, of, invocation, log, serializer));
        }

        static object Property(string name, Type type, Invocation invocation, Log log, object serializer)
        {
            switch (name)
            {
                case "AwsRequestId": return invocation.RequestId;
                case "TraceId": return invocation.TraceId;
                case "TenantId": return invocation.TenantId;
                case "InvokedFunctionArn": return invocation.Arn;
                case "FunctionName": return Variable("AWS_LAMBDA_FUNCTION_NAME");
                case "FunctionVersion": return Variable("AWS_LAMBDA_FUNCTION_VERSION");
                case "LogGroupName": return Variable("AWS_LAMBDA_LOG_GROUP_NAME");
                case "LogStreamName": return Variable("AWS_LAMBDA_LOG_STREAM_NAME");
                case "MemoryLimitInMB": return int.TryParse(Variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), out var mb) ? mb : 0;
                case "RemainingTime": return DateTimeOffset.FromUnixTimeMilliseconds(invocation.DeadlineMs) - DateTimeOffset.UtcNow;
                case "ClientContext": return ClientContext(type, invocation.ClientContext);
                case "Identity": return Identity(type, invocation.Identity);
                case "Logger": return log.Logger(type);
                case "Serializer": return serializer;
                default: return null;
            }
        }

        static string Variable(string name) => Environment.GetEnvironmentVariable(name);

        static object Identity(Type type, string json)
        {
            var found = Parse(json);
            return Proxy.Of(type, (name, of) => Text(found, name == "IdentityId" ? "cognitoIdentityId" : "cognitoIdentityPoolId"));
        }

        /// <summary>Null where the caller gave none.</summary>
        static object ClientContext(Type type, string json)
        {
            if (string.IsNullOrEmpty(json))
            {
                return null;
            }
            var found = Parse(json);
            return Proxy.Of(type, (name, of) =>
            {
                switch (name)
                {
                    case "Client": return Application(of, Member(found, "client"));
                    case "Custom": return Texts(Member(found, "custom"));
                    case "Environment": return Texts(Member(found, "env"));
                    default: return null;
                }
            });
        }

        static object Application(Type type, JsonElement client)
        {
            if (client.ValueKind != JsonValueKind.Object)
            {
                return null;
            }
            var names = new Dictionary<string, string>
            {
                ["AppPackageName"] = "app_package_name",
                ["AppTitle"] = "app_title",
                ["AppVersionCode"] = "app_version_code",
                ["AppVersionName"] = "app_version_name",
                ["InstallationId"] = "installation_id",
            };
            return Proxy.Of(type, (name, of) => names.TryGetValue(name, out var member) ? Text(client, member) : null);
        }

        static object Texts(JsonElement found)
        {
            if (found.ValueKind != JsonValueKind.Object)
            {
                return null;
            }
            var texts = new Dictionary<string, string>();
            foreach (var member in found.EnumerateObject())
            {
                texts[member.Name] = member.Value.ToString();
            }
            return texts;
        }

        static JsonElement Parse(string json)
        {
            return string.IsNullOrEmpty(json) ? default(JsonElement) : JsonDocument.Parse(json).RootElement;
        }

        static string Text(JsonElement found, string name)
        {
            var member = Member(found, name);
            return member.ValueKind == JsonValueKind.Undefined || member.ValueKind == JsonValueKind.Null ? null : member.ToString();
        }

        static JsonElement Member(JsonElement found, string name)
        {
            return found.ValueKind == JsonValueKind.Object && found.TryGetProperty(name, out var member) ? member : default(JsonElement);
        }
    }
}
