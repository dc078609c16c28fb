#!/usr/bin/env bash
# Fetches Debian's Asterisk and unpacks it into a cache: no root, no chroot, nothing of this machine is changed. A second
# run finds the cache and needs no network. Prints `key=value` lines: root, loader, libraries, modules, broken (a file
# that names the modules whose libraries were left out), asterisk (version). Fails with one line on stderr that says why.
#
# Environment: LAMPLIGHTER_ASTERISK_SUITE (default forky), LAMPLIGHTER_ASTERISK_CACHE (default ~/.cache/lamplighter-asterisk-<suite>),
# LAMPLIGHTER_ASTERISK_ARCHIVE (default: the Debian archive that this machine's own apt is set up with)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
suite=${LAMPLIGHTER_ASTERISK_SUITE:-forky}
cache=${LAMPLIGHTER_ASTERISK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lamplighter-asterisk-$suite}
fail() { printf '%s\n' "$*" >&2; exit 1; }

for tool in apt-get dpkg dpkg-deb tar flock sha256sum; do
  command -v "$tool" >/dev/null || fail "$tool is missing: the lab needs a Debian-like host"
done
arch=$(dpkg --print-architecture)
case $arch in
  amd64) triplet=x86_64-linux-gnu loaders=(usr/lib64/ld-linux-x86-64.so.2 usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2) ;;
  arm64) triplet=aarch64-linux-gnu loaders=(usr/lib/ld-linux-aarch64.so.1 usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1) ;;
  *) fail "no Asterisk lab for architecture $arch" ;;
esac

skip=$(grep -Ev '^(#|$)' "$here/skip-packages.txt")
key=$(printf '%s\n' "$suite" "$arch" "$skip" | sha256sum | cut -c1-16)
root=$cache/$key/root
log=$cache/install.log
mkdir -p "$cache"
exec 9>"$cache/lock"
flock -w 300 9 || fail "another installation holds $cache/lock"

last_words() { grep -E '^(E|W|Err|dpkg|tar)' "$log" | tail -n 2 | tr '\n' ' '; }

# The archive that serves this machine's own Debian packages; mirrors differ only by suite.
archive() {
  if [ -n "${LAMPLIGHTER_ASTERISK_ARCHIVE:-}" ]; then printf '%s\n' "$LAMPLIGHTER_ASTERISK_ARCHIVE"; return; fi
  {
    apt-get indextargets --format '$(SITE)|$(REPO_URI)|$(COMPONENT)' 2>/dev/null | awk -F'|' '$3 == "main" { print $2 }'
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
      sed -n 's/^URIs:[[:space:]]*//p; s/^deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}//p' | awk '{ print $1 }'
  } | grep -E '/debian/?$' | head -n 1 || true
}

keyring() {
  local file
  for file in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
    if [ -e "$file" ]; then printf '%s\n' "$file"; return; fi
  done
  return 1
}

fetch() {
  local url ring work=$cache/$key/apt new=$cache/$key/root.new options packages
  url=$(archive)
  [ -n "$url" ] || fail "this machine's apt knows no Debian archive"
  ring=$(keyring) || fail "no Debian archive keyring (package debian-archive-keyring)"
  rm -rf "$work" "$new"
  mkdir -p "$work"/{lists/partial,archives/partial,debs} "$new"
  : >"$work/status"
  # check-valid-until=no: a mirror that lags is still signed, only old
  printf 'deb [arch=%s signed-by=%s check-valid-until=no] %s %s main\n' "$arch" "$ring" "$url" "$suite" >"$work/sources.list"
  options=(
    -q -o "Dir::State=$work" -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status"
    -o "Dir::Cache=$work" -o "Dir::Cache::archives=$work/archives" -o Dir::Log=/dev/null
    -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o APT::Install-Recommends=false -o "APT::Sandbox::User=$(id -un)" -o "APT::Architecture=$arch"
    -o APT::Update::Error-Mode=any -o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::http::Timeout=30 -o Debug::NoLocking=1
  )
  apt-get "${options[@]}" update >"$log" 2>&1 || fail "apt-get update for $suite failed: $(last_words)"
  packages=$(apt-get "${options[@]}" -s install asterisk 2>>"$log" | awk '$1 == "Inst" { sub(/:.*/, "", $2); print $2 }' |
    grep -Evx -f <(printf '%s\n' "$skip")) || fail "$suite has no installable asterisk: $(last_words)"
  # shellcheck disable=SC2086 # one word a package
  (cd "$work/debs" && apt-get "${options[@]}" download $packages >>"$log" 2>&1) || fail "download failed: $(last_words)"
  local deb
  for deb in "$work"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$new" --no-same-owner --keep-directory-symlink \
      --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' --exclude='./usr/share/info' \
      2>>"$log" || fail "$(basename "$deb") cannot be unpacked: $(last_words)"
  done
  ls "$work/debs" >"$cache/$key/packages"
  rm -rf "$work" "$root"
  mv "$new" "$root"
}

find_loader() {
  local candidate
  for candidate in "${loaders[@]}"; do
    if [ -e "$root/$candidate" ]; then readlink -f "$root/$candidate"; return; fi
  done
  return 1
}

# Modules whose libraries are on the skip list: Asterisk must be told not to load them, or it says so for each.
list_broken() {
  local module needs
  for module in "$modules"/*.so; do
    needs=$("$loader" --library-path "$libraries" --list "$module" 2>&1 || true)
    case $needs in *'not found'* | *'cannot open shared object'*) basename "$module" ;; esac
  done >"$broken.new"
  mv "$broken.new" "$broken"
}

libraries=$root/usr/lib/$triplet
modules=$libraries/asterisk/modules
broken=$cache/$key/broken-modules
[ -x "$root/usr/sbin/asterisk" ] || fetch
loader=$(find_loader) || fail "the unpacked packages have no loader"
[ -e "$broken" ] || list_broken
version=$("$loader" --library-path "$libraries" "$root/usr/sbin/asterisk" -V 2>>"$log" | awk '{ print $2 }')
[ -n "$version" ] || fail "the unpacked Asterisk does not run: $(tail -n 1 "$log")"

printf '%s=%s\n' root "$root" loader "$loader" libraries "$libraries" modules "$modules" broken "$broken" \
  packages "$(wc -l <"$cache/$key/packages")" asterisk "$version"
