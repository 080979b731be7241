# The newest of the packages' Rubies where Lambda has it, with all gems in the folder where it keeps AWS's.
ruby=$(ls /usr/bin/ruby3.* | sort -V | tail -n 1)
version=${ruby##*/ruby}
for other in /usr/bin/ruby3.*; do
    other=${other##*/ruby}
    [ "$other" = "$version" ] || rm -rf /usr/bin/*"$other" /usr/lib/ruby/"$other".0 /usr/lib/ruby/*/"$other".0 \
        /usr/lib/*/ruby/"$other".0 /usr/lib/*/ruby/*/"$other".0 /usr/lib/*/libruby-"$other".so*
done
mv "$ruby" /var/lang/bin/ruby
ln -sf /var/lang/bin/ruby "$ruby"
ln -sf /var/lang/bin/ruby /usr/bin/ruby
for tool in bundle bundler gem irb rake; do
    ln -sf "/usr/bin/$tool$version" /var/lang/bin/
    ln -sf "/usr/bin/$tool$version" "/var/lang/bin/$tool"
done
ln -s /usr/lib/ruby /var/lang/lib/ruby

# Debian's own version of RubyGems looks for gems where only Debian has them, and starts no faster.
debians=/usr/share/rubygems-integration/all
rm -rf /usr/lib/ruby/vendor_ruby/rubygems /usr/lib/ruby/vendor_ruby/rubygems.rb
rm -rf $debians/*/did_you_mean-* $debians/*/rubygems-update-*
gems=/usr/lib/ruby/gems/$version.0
cp -a $debians/gems $debians/specifications "$gems/"
rm -rf /usr/share/rubygems-integration "$gems"/gems/rbs-* "$gems"/gems/typeprof-* "$gems"/specifications/rbs-* \
    "$gems"/specifications/typeprof-*
mkdir -p /var/runtime/ruby
ln -s "$gems" "/var/runtime/ruby/$version.0"
