# Compiles the handlers as whoever has the SDK does: an assembly with most of them, which is a program too, the stand-in
# for Amazon.Lambda.Core and another assembly beside it, and a part for a layer.
set -eu
library=$(dirname "$(find /sources/library -name System.Private.CoreLib.dll)")
set -- -nologo -nostdlib -noconfig -langversion:7 -nowarn:1702
for file in "$library"/System*.dll "$library"/netstandard.dll; do
    [ "${file%WindowsRuntime.dll}" = "$file" ] || continue
    set -- "$@" "-r:$file"
done
cd /sources/dotnet
mcs() {
    mono /usr/lib/mono/4.5/mcs.exe "$@"
}
mcs "$@" -target:library -out:/made/Amazon.Lambda.Core.dll Amazon.Lambda.Core.cs
mcs "$@" -target:library -out:/made/Layered.dll Layered.cs
mcs "$@" -target:library -out:/made/Needy.dll Needy.cs
mcs "$@" -target:exe -r:/made/Amazon.Lambda.Core.dll -out:/made/Fn.dll Every.cs Forms.cs
cp Fn.deps.json Fn.runtimeconfig.json /made
[ ! -e Orders.cs ] || mcs "$@" -target:library -r:/made/Amazon.Lambda.Core.dll -out:/made/Orders.dll Orders.cs Json.cs
