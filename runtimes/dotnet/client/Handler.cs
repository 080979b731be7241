using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;

namespace LambdaEmu
{
    /// <summary>The function's method: what it takes, what it returns, and how either is read and written.</summary>
    class Handler
    {
        readonly MethodInfo method;
        readonly object target;
        readonly Serializer serializer;
        readonly Type input;
        readonly Type context;
        readonly Type output;

        Handler(MethodInfo method, object target, Serializer serializer, string type)
        {
            this.method = method;
            this.target = target;
            this.serializer = serializer;
            var taken = method.GetParameters().Select(parameter => parameter.ParameterType).ToList();
            if (taken.Count > 2)
            {
                throw new LambdaValidationException(
                    $"Method '{method.Name}' of type '{type}' is not supported: the method has more than 2 parameters.");
            }
            if (taken.Count == 2 && !IsContext(taken[1]))
            {
                throw new LambdaValidationException(
                    $"Method '{method.Name}' of type '{type}' is not supported: the method has 2 parameters, but the "
                    + $"second parameter is not of type '{Context.Name}'.");
            }
            context = taken.LastOrDefault(IsContext);
            input = taken.FirstOrDefault(one => !IsContext(one));
            output = ValueOf(method.ReturnType);
            serializer.Check(input, output);
        }

        /// <summary>Of `Assembly::Namespace.Class::Method`, made ready to be called.</summary>
        internal static Handler Find(string words)
        {
            var name = HandlerName.Parse(words);
            var assembly = name.Load();
            var type = assembly.GetType(name.Type) ?? throw new LambdaValidationException(
                $"Unable to load type '{name.Type}' from assembly '{name.Assembly}'.");
            var method = name.FindMethod(type);
            HandlerRules.CheckMethod(method);
            HandlerRules.CheckType(type, method);
            var target = Construct(type, method);
            return new Handler(method, target, Serializer.Of(method, assembly, name), name.Type);
        }

        internal byte[] Call(Invocation invocation, Log log)
        {
            var arguments = new object[method.GetParameters().Length];
            if (input != null)
            {
                arguments[0] = serializer.Read(new MemoryStream(invocation.Payload), input);
            }
            if (context != null)
            {
                arguments[arguments.Length - 1] = Context.Of(context, invocation, log, serializer.Instance);
            }
            var result = Calling.Invoke(method, target, arguments);
            if (result is Task task)
            {
                task.GetAwaiter().GetResult();
                result = output == null ? null : task.GetType().GetProperty("Result").GetValue(task);
            }
            return serializer.Write(result, output);
        }

        /// <summary>A constructor runs while the environment begins, and so does that of a class whose method is static.</summary>
        static object Construct(Type type, MethodInfo method)
        {
            if (!method.IsStatic)
            {
                return Activator.CreateInstance(type);
            }
            RuntimeHelpers.RunClassConstructor(type.TypeHandle);
            return null;
        }

        /// <summary>What a method's value is in the end; null for nothing. Of awaitable types AWS knows tasks alone.</summary>
        static Type ValueOf(Type returned)
        {
            for (var type = returned; type != null; type = type.BaseType)
            {
                if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Task<>))
                {
                    return type.GenericTypeArguments[0];
                }
            }
            return returned == typeof(void) || typeof(Task).IsAssignableFrom(returned) ? null : returned;
        }

        static bool IsContext(Type type) => type.FullName == Context.Name;
    }

    static class Calling
    {
        /// <summary>What the method throws is thrown as it is.</summary>
        internal static object Invoke(MethodInfo method, object target, params object[] arguments)
        {
            return method.Invoke(target, BindingFlags.DoNotWrapExceptions, null, arguments, null);
        }
    }
}
