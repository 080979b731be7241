# Compiles the runtime client for .NET, which is all our own, by Debian's C# compiler. It is compiled against the class
# library of .NET Core 3.1, which PyPI has, so every .NET since then runs it.
set -eu
library=$(dirname "$(find /sources/library -name System.Private.CoreLib.dll)")
set --
for file in "$library"/System*.dll "$library"/Microsoft.Win32.Primitives.dll "$library"/netstandard.dll; do
    set -- "$@" "-r:$file"
done
mono /usr/lib/mono/4.5/mcs.exe -nologo -nostdlib -noconfig -optimize -langversion:7 -warnaserror -nowarn:1702 \
    "$@" -out:/made/LambdaEmu.Client.dll /sources/client/*.cs
