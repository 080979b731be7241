# The interpreter where Lambda has it, and everything compiled: the image is read-only when functions run.
python=$(basename /usr/bin/python3.[0-9]*)
ln -s "/usr/bin/$python" "/var/lang/bin/$python"
ln -s "$python" /var/lang/bin/python3
ln -s "$python" /var/lang/bin/python
ln -s "/usr/lib/$python" "/var/lang/lib/$python"
mkdir -p "/usr/lib/$python/site-packages"
"$python" -m compileall -q --invalidation-mode unchecked-hash "/usr/lib/$python" /var/runtime
