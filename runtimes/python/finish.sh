# The interpreter where Lambda has it, and all compiled: the image is read-only when functions run.
if [ -d /tmp/python ]; then
    # One that runs wherever it lies. Beside its modules it finds a library whatever LD_LIBRARY_PATH says.
    python=$(basename /tmp/python/bin/python3.[0-9]*[0-9])
    mv "/tmp/python/bin/$python" /tmp/python/libpython3.*.so.1.0 /var/lang/bin/
    mv "/tmp/python/lib/$python" /var/lang/lib/
    mv /tmp/python/libffi.so.[0-9] "/var/lang/lib/$python/lib-dynload/"
    mv /var/lang/bin/libpython3.* /var/lang/lib/
    chmod a+x "/var/lang/bin/$python"
    rm -r /tmp/python
else
    python=$(basename /usr/bin/python3.[0-9]*)
    mv "/usr/bin/$python" /var/lang/bin/
    mv "/usr/lib/$python" /var/lang/lib/
fi
ln -sf "/var/lang/bin/$python" /usr/bin/
ln -sf "/var/lang/lib/$python" /usr/lib/
ln -s "$python" /var/lang/bin/python3
ln -s "$python" /var/lang/bin/python
mkdir -p "/var/lang/lib/$python/site-packages"
[ -e /usr/lib/locale/C.utf8 ] || ln -s C.UTF-8 /usr/lib/locale/C.utf8 # as newer Debians call it
"/var/lang/bin/$python" - <<'PYTHON'
"""The usual authorities where this OpenSSL looks for them; and instead of modules that there are none of, who lacks them."""
import os, ssl, sysconfig
from importlib.util import find_spec

trusted = ssl.get_default_verify_paths().openssl_cafile
if not os.path.exists(trusted):
    os.makedirs(os.path.dirname(trusted), exist_ok=True)
    os.symlink("/etc/ssl/certs/ca-certificates.crt", trusted)
for name in ("_curses", "_lzma", "_sqlite3", "readline"):
    if find_spec(name) is None:
        says = f"No module named '{name}' in this community build of CPython, though AWS's has it"
        with open(os.path.join(sysconfig.get_path("stdlib"), f"{name}.py"), "w") as file:
            file.write(f"raise ModuleNotFoundError({says!r}, name={name!r})\n")
PYTHON
"/var/lang/bin/$python" -m compileall -q --invalidation-mode unchecked-hash "/var/lang/lib/$python" /var/runtime
