# Prints the options of the JVM, for a subshell of bootstrap. `java` is its major version.
# What the command line says wins over JAVA_TOOL_OPTIONS, so each is left out where the function's own say its like.
# The heap: the JVM would take it from the environment's cgroup, which has /tmp in it.
unless() {
    for said in $2; do
        case "$JAVA_TOOL_OPTIONS" in *$said*) return ;; esac
    done
    echo "$1"
}
unless "-XX:MaxHeapSize=$((AWS_LAMBDA_FUNCTION_MEMORY_SIZE * 870))k" '-Xmx MaxHeapSize= MaxRAM'
case "$JAVA_TOOL_OPTIONS" in *-XX:+Use*GC*) ;; *) echo -XX:+UseSerialGC ;; esac
unless -XX:-UsePerfData UsePerfData # a file in /tmp for who looks from beside, and 3 ms of a start
# docs/contract/runtime.md: the first compiler alone, but for Java 25 where time before the first event is free.
if [ "$java" -ge 17 ] && { [ "$java" -lt 25 ] || [ "$AWS_LAMBDA_INITIALIZATION_TYPE" = on-demand ]; }; then
    unless -XX:TieredStopAtLevel=1 'TieredStopAtLevel= TieredCompilation'
fi
if [ -e /var/runtime/client.aot ]; then
    unless -XX:AOTCache=/var/runtime/client.aot 'AOTCache AOTMode SharedArchiveFile -Xshare'
elif [ -e /var/runtime/client.jsa ]; then
    unless -XX:SharedArchiveFile=/var/runtime/client.jsa 'SharedArchiveFile -Xshare'
elif [ "$java" -lt 9 ]; then
    unless -Xshare:auto -Xshare # which later ones do by themselves
fi
# As on Lambda: the client writes records to a file that it was given, and hooks of org.crac are Lambda's.
if [ "$java" -ge 9 ]; then
    echo --add-opens=java.base/java.io=ALL-UNNAMED -Dorg.crac.Core.Compat=com.amazonaws.services.lambda.crac
    unless -XX:+ErrorFileToStderr ErrorFile
fi
if [ "$java" -ge 24 ]; then
    echo --enable-native-access=ALL-UNNAMED # the client's own; four lines of each log would warn of it
fi
