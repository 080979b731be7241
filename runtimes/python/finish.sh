# The interpreter where Lambda has it, and all compiled: the image is read-only when functions run.
python=$(basename /usr/bin/python3.[0-9]*)
mv "/usr/bin/$python" /var/lang/bin/
mv "/usr/lib/$python" /var/lang/lib/
ln -s "/var/lang/bin/$python" /usr/bin/
ln -s "/var/lang/lib/$python" /usr/lib/
ln -s "$python" /var/lang/bin/python3
ln -s "$python" /var/lang/bin/python
mkdir -p "/var/lang/lib/$python/site-packages"
"/var/lang/bin/$python" -m compileall -q --invalidation-mode unchecked-hash "/var/lang/lib/$python" /var/runtime
