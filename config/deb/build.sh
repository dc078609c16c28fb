#!/usr/bin/env bash
# Makes the Debian package out of a built checkout (npm ci), with dpkg-deb alone.
#
#   config/deb/build.sh [FOLDER]        default: dist/deb; prints the package's path
#
# DEB_COMPRESSION: xz (default, small) or gzip (ten times as fast). It carries the node it was built with: better-sqlite3 is
# compiled for that one.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/dist/deb}
compression=${DEB_COMPRESSION:-xz}
cd "$root"

version=$(node -p 'require("./package.json").version')
arch=$(dpkg --print-architecture)
# not the link that a version manager may have put there
node=$(node -p 'process.execPath')
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
# mktemp makes it private, and it becomes the root folder of whoever installs
chmod 0755 "$stage"
umask 022

lib=$stage/usr/lib/lamplighter
doc=$stage/usr/share/doc/lamplighter
mkdir -p "$lib/dist" "$doc" "$out"

# The program: what was built and tested, without the tests. The bundle of the modules that are there now
node dist/test/run/bundle.js
cp -r dist/src dist/adapters dist/panel dist/bundle "$lib/dist/"
cp package.json package-lock.json LICENSE "$lib/"
install -m 0755 "$node" "$lib/node"
# Dependencies without the tools of developers; the addon is the one that npm ci has built or fetched
(cd "$lib" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --silent)
addon=node_modules/better-sqlite3/build/Release/better_sqlite3.node
install -D -m 0644 "$addon" "$lib/$addon"
rm -rf "$lib/node_modules/better-sqlite3/"{deps,src} "$lib/node_modules/.package-lock.json"
find "$lib/node_modules" -type d \( -name test -o -name tests -o -name .github \) -prune -exec rm -rf {} +
find "$lib/node_modules" -type f \( -name '*.ts' -o -name '*.map' -o -name '*.md' -o -name 'tsconfig*.json' \) -delete
"$lib/node" -e "require('$lib/node_modules/better-sqlite3')"

install -D -m 0755 config/deb/launcher "$stage/usr/bin/lamplighter"
install -D -m 0644 config/systemd/lamplighter.service "$stage/lib/systemd/system/lamplighter.service"
install -D -m 0644 config/deb/lamplighter.yaml "$stage/usr/share/lamplighter/lamplighter.yaml"
install -D -m 0644 config/logrotate/lamplighter "$stage/etc/logrotate.d/lamplighter"
install -D -m 0644 config/fail2ban/filter.d/lamplighter.conf "$stage/etc/fail2ban/filter.d/lamplighter.conf"
lamplighter() { "$lib/node" "$lib/dist/src/main.js" "$@"; }
mkdir -p "$stage/usr/share/"{bash-completion/completions,zsh/vendor-completions,man/man1}
lamplighter completion bash >"$stage/usr/share/bash-completion/completions/lamplighter"
lamplighter completion zsh >"$stage/usr/share/zsh/vendor-completions/_lamplighter"
gzip -9n <config/man/lamplighter.1 >"$stage/usr/share/man/man1/lamplighter.1.gz"

# Documents, snippets for PBX and monitoring, licences, and what it is made of
cp README.md "$doc/"
cp -r docs config "$doc/"
rm -r "$doc/config/"{deb,man}
gzip -9n <CHANGELOG.md >"$doc/changelog.gz"
npm sbom --sbom-format=cyclonedx --omit=dev --package-lock-only >"$doc/sbom.cyclonedx.json" 2>/dev/null
{
  cat LICENSE
  echo
  echo "It contains, each under its own licence, below /usr/lib/lamplighter: Node.js and"
  for module in "$lib"/node_modules/*/package.json "$lib"/node_modules/@*/*/package.json; do
    node -e 'const p = require(process.argv[1]);
      const own = { modesl: "MPL-2.0" }; // its package.json does not say
      console.log(`  ${p.name} ${p.version}: ${p.license ?? own[p.name] ?? "see its folder"}`)' "$module"
  done
} >"$doc/copyright"

mkdir "$stage/DEBIAN"
size=$(du -sk --exclude=DEBIAN "$stage" | cut -f1)
# the newest symbol version the two binaries want of the C library
libc=$(objdump -T "$lib/node" "$lib/$addon" 2>/dev/null | grep -o 'GLIBC_[0-9.]*' | cut -d_ -f2 | sort -Vu | tail -1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@SIZE@/$size/" -e "s/@LIBC@/${libc:-2.28}/" \
  config/deb/control >"$stage/DEBIAN/control"
install -m 0644 config/deb/conffiles "$stage/DEBIAN/conffiles"
install -m 0755 config/deb/{postinst,prerm,postrm} "$stage/DEBIAN/"
(cd "$stage" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)

package=$out/lamplighter_${version}_${arch}.deb
dpkg-deb --root-owner-group "-Z$compression" --build "$stage" "$package" >/dev/null
echo "$package"
