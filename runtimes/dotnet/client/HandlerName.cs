using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace LambdaEmu
{
    /// <summary>The three parts of a handler's name. Method is a name, or a signature where the name has several.</summary>
    class HandlerName
    {
        const string Valid = "The valid format is 'ASSEMBLY::TYPE::METHOD'.";
        const BindingFlags Declared = BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic
            | BindingFlags.Instance | BindingFlags.Static;

        internal string Assembly { get; private set; }
        internal string Type { get; private set; }
        internal string Method { get; private set; }

        internal static HandlerName Parse(string words)
        {
            if (string.IsNullOrEmpty(words))
            {
                throw new LambdaValidationException("Empty lambda function handler. " + Valid);
            }
            var parts = words.Split(new[] { "::" }, 3, StringSplitOptions.None).Select(part => part.Trim()).ToArray();
            if (parts.Length != 3)
            {
                throw new LambdaValidationException($"Invalid lambda function handler: '{words}'. {Valid}");
            }
            var missing = Array.IndexOf(parts, "");
            if (missing >= 0)
            {
                var what = new[] { "assembly", "type", "method" }[missing];
                throw new LambdaValidationException($"Invalid lambda function handler: '{words}', the {what} is missing. {Valid}");
            }
            return new HandlerName { Assembly = parts[0], Type = parts[1], Method = parts[2] };
        }

        internal Assembly Load()
        {
            try
            {
                return AssemblyLoadContext.Default.LoadFromAssemblyName(new AssemblyName(Assembly));
            }
            catch (FileNotFoundException missing)
            {
                throw new LambdaValidationException(
                    $"Could not find the specified handler assembly with the file name '{missing.FileName}'. The assembly "
                    + "should be located in the root of your uploaded .zip file.");
            }
            catch (Exception)
            {
                throw new LambdaValidationException($"Unable to load assembly '{Assembly}'.");
            }
        }

        /// <summary>The method in the class or in one it is made of, private ones included.</summary>
        internal MethodInfo FindMethod(Type type)
        {
            for (var one = type; one != null; one = one.BaseType)
            {
                var found = one.GetMethods(Declared).Where(Matches).ToList();
                if (found.Count > 1)
                {
                    throw new LambdaValidationException(
                        $"The method '{Method}' in type '{one.FullName}' appears to have a number of overloads. To call this "
                        + "method please specify a complete method signature. Possible candidates are:\n"
                        + string.Join("\n", found) + ".");
                }
                if (found.Count == 1)
                {
                    return found[0];
                }
            }
            throw new LambdaValidationException(
                $"Unable to find method '{Method}' in type '{Type}' from assembly '{Assembly}': Found no methods matching "
                + $"method name '{Method}'.");
        }

        bool Matches(MethodInfo method) => method.Name == Method || method.ToString() == Method;
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
