using System;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace LambdaEmu
{
    /// <summary>A handler of a form that Lambda does not know. The name is that of AWS's client: callers see it.</summary>
    class LambdaValidationException : Exception
    {
        internal LambdaValidationException(string message) : base(message)
        {
        }
    }

    /// <summary>Which methods and classes can be a handler.</summary>
    static class HandlerRules
    {
        internal static void CheckMethod(MethodInfo method)
        {
            var parameters = method.GetParameters();
            if (method.IsAbstract)
            {
                throw Refused(method,
                    "it is an abstract method. Handler methods cannot be abstract. Please specify a non-abstract handler "
                    + "method.");
            }
            if (method.IsGenericMethod)
            {
                throw Refused(method,
                    "it is a generic method. Handler methods cannot be generic. Please specify a non-generic handler method.");
            }
            if (method.ReturnType == typeof(void) && method.IsDefined(typeof(AsyncStateMachineAttribute)))
            {
                throw Refused(method,
                    "it is an 'async void' method. Handler methods cannot be 'async void'. Please specify a method that is not "
                    + "'async void'.");
            }
            if (parameters.Length > 0 && parameters.Last().IsDefined(typeof(ParamArrayAttribute)))
            {
                throw Refused(method,
                    "it is a 'params' method. Please specify a method that does not use 'params'.");
            }
            if ((method.CallingConvention & CallingConventions.VarArgs) == CallingConventions.VarArgs)
            {
                throw Refused(method,
                    "it is a 'vararg (variable arguments)' method. Please specify a method that is not 'vararg'.");
            }
        }

        internal static void CheckType(Type type, MethodInfo method)
        {
            if (type.IsGenericType)
            {
                throw new LambdaValidationException(
                    $"The type '{type.FullName}' cannot be used as a Lambda Handler type because it is generic. Handler "
                    + "methods cannot be located in generic types. Please specify a handler method in a non-generic type.");
            }
            if (!method.IsStatic && type.IsAbstract)
            {
                throw new LambdaValidationException(
                    $"The instance method '{method}' cannot be used as a Lambda Handler because its type '{type.FullName}' "
                    + "is abstract. Please either use a static handler or specify a type that is not abstract.");
            }
            if (!type.IsClass && (!type.IsValueType || type.IsPrimitive || type.IsEnum))
            {
                throw new LambdaValidationException(
                    $"The type '{type.FullName}' cannot be used as a handler type since it is not a class or a struct. Please "
                    + "specify a handler method on a class or struct.");
            }
        }

        static LambdaValidationException Refused(MethodInfo method, string why)
        {
            return new LambdaValidationException($"The method '{method}' cannot be used as a Lambda Handler because {why}");
        }
    }
}
