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
# docs/contract/runtime.md: the first compiler alone, but for Java 25 where time before the first event is free.
if [ "$java" -ge 17 ] && { [ "$java" -lt 25 ] || [ "$AWS_LAMBDA_INITIALIZATION_TYPE" = on-demand ]; }; then
    unless -XX:TieredStopAtLevel=1 'TieredStopAtLevel= TieredCompilation'
fi
if [ -e /var/runtime/client.aot ]; then
    unless -XX:AOTCache=/var/runtime/client.aot 'AOTCache AOTMode SharedArchiveFile -Xshare'
elif [ -e /var/runtime/client.jsa ]; then
    unless -XX:SharedArchiveFile=/var/runtime/client.jsa 'SharedArchiveFile -Xshare'
fi
