# Nothing is certified by this file: AWS's bootstrap names it so that the same certificates are not read twice.
touch /var/runtime/empty-certificates.crt
chmod a+r /var/runtime/empty-certificates.crt
ln -sf /var/lang/bin/dotnet /usr/bin/dotnet
