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
    # Packages are where Python has them, and not where Debian looks for them and installs them.
    ln -s site-packages "/var/lang/lib/$python/dist-packages"
    for name in sysconfig.py sysconfig/__init__.py distutils/command/install.py; do
        file=/var/lang/lib/$python/$name
        [ ! -e "$file" ] || sed -i -e 's|dist-packages|site-packages|' -e 's|/local/|/|' "$file"
    done
fi
ln -sf "/var/lang/bin/$python" /usr/bin/
ln -sf "/var/lang/lib/$python" /usr/lib/
ln -s "$python" /var/lang/bin/python3
ln -s "$python" /var/lang/bin/python
packages=/var/lang/lib/$python/site-packages
mkdir -p "$packages"
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
# Without scripts, which name the Python that fetched them, and without what Debian has to say of installing.
rm -rf /tmp/packages/bin "$packages/../EXTERNALLY-MANAGED" /tmp/packages/*.pth
mv /tmp/packages/* "$packages/"
rmdir /tmp/packages
for name in pip pip3 "pip${python#python}"; do
    printf '#!%s\nimport sys\nfrom pip._internal.cli.main import main\n\nsys.exit(main())\n' "/var/lang/bin/$python" >"/var/lang/bin/$name"
    chmod a+x "/var/lang/bin/$name"
done
"/var/lang/bin/$python" -m compileall -q --invalidation-mode unchecked-hash "/var/lang/lib/$python" /var/runtime
