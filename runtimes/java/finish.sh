# Java where Lambda has it, with what its packages make when they are set up; then an archive of the client's classes.
java=$(find /usr/lib/jvm -path '*/bin/java' -type f)
mkdir -p /etc/ssl/certs/java /etc/pki/java
for certificate in /usr/share/ca-certificates/mozilla/*.crt; do
    echo "+$certificate"
done | "$java" -jar /usr/share/ca-certificates-java/ca-certificates-java.jar -storepass changeit >/dev/null
mv /etc/ssl/certs/java/cacerts /etc/pki/java/
ln -s /etc/pki/java/cacerts /etc/ssl/certs/java/

home=${java%/bin/java}
rm -rf "$home/docs" "$home/man" "$home/legal"
rmdir /var/lang/bin /var/lang/lib
mv "$home"/* /var/lang/
find /var/lang -type l | while read -r link; do
    found=$(readlink -f "$link")
    if [ -d "$found" ]; then
        rm "$link" && cp -a "$found" "$link"
    elif [ -e "$found" ]; then
        cp --remove-destination "$found" "$link"
    fi
done
rm -rf /usr/lib/jvm /etc/java-*
ln -sf /var/lang/bin/java /usr/bin/java

# The options that classes are archived with are those that they are used with; so is the class path, by its text.
_HANDLER='' AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512 AWS_LAMBDA_INITIALIZATION_TYPE=on-demand
JAVA_TOOL_OPTIONS='' AWS_LAMBDA_EXEC_WRAPPER=''
start=$(sed -n 's/^set -- //p' /var/runtime/bootstrap)
eval "set -- $start"
program=$1 options='' class_path=''
shift
while [ "$1" != -classpath ]; do
    options="$options $1"
    shift
done
class_path=$2
load=com.amazonaws.services.lambda.runtime.api.client.ClasspathLoader
"$program" -XX:+UseSerialGC -Xshare:dump >/dev/null
rm -f /var/lang/lib/server/classes_nocoops.jsa # for heaps that no function has
version=$("$program" -version 2>&1 | sed -n 's/.* version "\(1\.\)\{0,1\}\([0-9]*\).*/\2/p')
archive=/var/runtime/client.jsa
if [ "$version" -ge 25 ]; then
    # It loads at once whatever was loaded then: so of a start, and of an event for a handler of the usual form.
    cd /tmp/building
    "$program" -jar ecj.jar --release 25 -classpath "$class_path" Training.java
    export AWS_LAMBDA_FUNCTION_MEMORY_SIZE _LAMBDA_TELEMETRY_LOG_FD=1
    "$program" -classpath ".:$class_path" Training "$program" $options -XX:AOTCacheOutput=/var/runtime/client.aot \
        -classpath "$class_path" com.amazonaws.services.lambda.runtime.api.client.AWSLambda Training::handle \
        >training.log 2>&1 || { cat training.log && [ -e /var/runtime/client.aot ]; }
    cd /
elif [ "$version" -ge 13 ]; then
    "$program" $options -XX:ArchiveClassesAtExit=$archive -classpath "$class_path" "$load" >/dev/null
elif [ "$version" -ge 10 ]; then
    "$program" $options -XX:DumpLoadedClassList=/tmp/classes -classpath "$class_path" "$load" >/dev/null
    "$program" $options -Xshare:dump -XX:SharedClassListFile=/tmp/classes -XX:SharedArchiveFile=$archive \
        -classpath "$class_path" >/dev/null
    rm /tmp/classes
fi
chmod a+r /var/runtime/client.* 2>/dev/null || true
rm -rf /tmp/building /usr/share/ca-certificates-java /usr/share/java
