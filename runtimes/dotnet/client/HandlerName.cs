using System;
using System.IO;
using System.Linq;
using System.Reflection;
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
}
