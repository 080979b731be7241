using System;
using System.IO;
using System.Linq;
using System.Reflection;

namespace LambdaEmu
{
    /// <summary>How events become values and values answers: by what the function's own attribute names.</summary>
    /// <remarks>All is found by name, for the function brings its own Amazon.Lambda.Core.</remarks>
    class Serializer
    {
        const string Attribute = "Amazon.Lambda.Core.LambdaSerializerAttribute";
        const string Interface = "Amazon.Lambda.Core.ILambdaSerializer";
        readonly MethodInfo read;
        readonly MethodInfo write;
        readonly HandlerName name;

        Serializer(object instance, HandlerName name)
        {
            Instance = instance;
            this.name = name;
            var known = instance?.GetType().GetInterface(Interface);
            read = known?.GetMethod("Deserialize");
            write = known?.GetMethod("Serialize");
        }

        /// <summary>Null where the function has none: then it takes and returns streams.</summary>
        internal object Instance { get; }

        internal static Serializer Of(MethodInfo method, Assembly assembly, HandlerName name)
        {
            var attribute = method.GetCustomAttributes().SingleOrDefault(IsSerializer)
                ?? assembly.GetCustomAttributes().SingleOrDefault(IsSerializer);
            return new Serializer(attribute == null ? null : Construct(attribute), name);
        }

        /// <summary>Whether it can do what the handler needs.</summary>
        internal void Check(Type input, Type output)
        {
            if (Instance == null && input != null && input != typeof(Stream))
            {
                throw Missing("deserialize input", input);
            }
            if (Instance == null && output != null && !typeof(Stream).IsAssignableFrom(output))
            {
                throw Missing("serialize output", output);
            }
        }

        internal object Read(Stream payload, Type type)
        {
            return type == typeof(Stream) ? payload : Calling.Invoke(read.MakeGenericMethod(type), Instance, payload);
        }

        internal byte[] Write(object result, Type type)
        {
            var answer = new MemoryStream();
            if (type != null && typeof(Stream).IsAssignableFrom(type))
            {
                using (var stream = (Stream)result)
                {
                    stream?.CopyTo(answer);
                }
            }
            else if (type != null)
            {
                Calling.Invoke(write.MakeGenericMethod(type), Instance, result, answer);
            }
            return answer.ToArray();
        }

        static object Construct(Attribute attribute)
        {
            var of = attribute.GetType();
            var property = of.GetProperty("SerializerType") ?? throw new LambdaValidationException(
                $"The '{of.FullName}' class is invalid: no 'SerializerType' property detected.");
            var type = property.GetValue(attribute) as Type ?? throw new LambdaValidationException(
                $"The 'SerializerType' property on attribute class '{of.FullName}' is not set.");
            var constructor = type.GetConstructor(Type.EmptyTypes) ?? throw new LambdaValidationException(
                $"The indicated serializer '{type.FullName}' does not define a public zero-parameter constructor.");
            if (type.GetInterface(Interface) == null)
            {
                throw new LambdaValidationException(
                    $"The '{type.FullName}' class is invalid: it does not implement the 'ILambdaSerializer' interface.");
            }
            return constructor.Invoke(null);
        }

        static bool IsSerializer(Attribute attribute)
        {
            for (var type = attribute.GetType(); type != null; type = type.BaseType)
            {
                if (type.FullName == Attribute)
                {
                    return true;
                }
            }
            return false;
        }

        LambdaValidationException Missing(string what, Type type)
        {
            return new LambdaValidationException(
                $"Could not find the LambdaSerializerAttribute on the assembly '{name.Assembly}' or method '{name.Method}' "
                + $"while attempting to {what} data of type '{type.FullName}'. To use types other than System.IO.Stream as "
                + $"input/output parameters, the assembly or Lambda function should be annotated with {Attribute}.");
        }
    }
}
