#!/usr/bin/env bash
# Installs what the wider checks need and says so when it cannot: a missing
# tool is a failure, never a skip. Sourced by the other scripts.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=$root/.cache/bin
mkdir -p "$tools"

die() { printf '%s\n' "$*" >&2; exit 1; }

# until_ok SECONDS WHAT COMMAND…: waits for a command to succeed, and says what
# it last said if it does not. Wants a folder in $tmp.
until_ok() {
  local end=$((SECONDS + $1)) limit=$1 what=$2
  shift 2
  until "$@" >"${tmp:?}/last.log" 2>&1; do
    [ $SECONDS -lt $end ] || die "$what: not within $limit s: $(tail -5 "$tmp/last.log")"
    sleep 0.2
  done
}

# debian PACKAGE COMMAND: installs a Debian package unless the command is there.
debian() {
  command -v "$2" >/dev/null 2>&1 && return
  command -v apt-get >/dev/null 2>&1 || die "$2 is missing: install it (Debian package $1)"
  local sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  printf 'installing %s\n' "$1"
  "${sudo[@]}" apt-get -qq update >/dev/null 2>&1 || die "apt-get update failed: is the package registry reachable?"
  DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get -qq install -y --no-install-recommends "$1" >/dev/null 2>&1 || die "could not install $1"
  command -v "$2" >/dev/null 2>&1 || die "$1 was installed but $2 is still missing"
}

# gotool MODULE/PATH VERSION: builds a Go program into .cache/bin once.
gotool() {
  local name=${1##*/}
  local stamp=$tools/.$name-$2
  [ -x "$tools/$name" ] && [ -e "$stamp" ] && return
  printf 'building %s %s\n' "$name" "$2"
  (cd / && CGO_ENABLED=0 GOFLAGS='' GOBIN=$tools go install "$1@$2") || die "could not build $1@$2"
  : >"$stamp"
}
