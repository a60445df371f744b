#!/usr/bin/env bash
# spirit.sh: veghe reads a real Spirit, a forum that it does not know and that
# selectors describe, on this machine only. Every post must arrive once; then a
# post is edited, one is deleted in the middle of a topic of three pages, a
# topic is deleted and a post is added, and the desk must know of each.
#
#   VEGHE_BIN   the binary to prove (bin/veghe)
# shellcheck source=deploy/ci/tools.sh
source "$(dirname "$0")/tools.sh"
cd "$root"

version=0.14.3
veghe=$(realpath "${VEGHE_BIN:-bin/veghe}")
here=$root/deploy/ci/spirit
python=$root/.cache/spirit-$version
[ -x "$veghe" ] || die "$veghe is missing: run make build"

tmp=$(mktemp -d)
pids=()
cleanup() {
  local pid
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

debian curl curl
debian python3-venv python3
if ! [ -e "$python/done" ]; then
  rm -rf "$python"
  { python3 -m venv "$python" && "$python/bin/pip" -q install "django-spirit==$version"; } >"$tmp/pip.log" 2>&1 ||
    die "Spirit could not be installed: $(tail -3 "$tmp/pip.log")"
  touch "$python/done"
fi

began=$SECONDS
export PATH=$python/bin:$PATH DJANGO_SETTINGS_MODULE=forum.settings.ci
read -r site desk ops < <(python3 -c '
import socket
open_ = [socket.socket() for _ in range(3)]
for s in open_: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in open_))')
cd "$tmp"
spirit startproject forum >/dev/null 2>&1 || die "the forum could not be made"
cd "$tmp/forum"
cat >forum/settings/ci.py <<'PY'
from .dev import *

LOGGING = {
    "version": 1,
    "handlers": {"out": {"class": "logging.StreamHandler"}},
    "loggers": {"django.server": {"handlers": ["out"], "level": "INFO"}},
}
PY
python manage.py spiritinstall >"$tmp/install.log" 2>&1 || die "the forum could not be set up: $(tail -3 "$tmp/install.log")"
PYTHONPATH=. python "$here/texts.py" seed >"$tmp/texts" || die "the texts could not be put into the forum"
python manage.py runserver --noreload "127.0.0.1:$site" >>"$tmp/access.log" 2>&1 &
pids+=($!)
until_ok 60 "the forum" curl -fsS -o /dev/null "http://127.0.0.1:$site/"
echo "a forum of $(wc -l <"$tmp/texts") posts: $((SECONDS - began)) s"

cat >"$tmp/veghe.yaml" <<YAML
data: $tmp/data
language: {second_opinion: low}
crawler: {operator: Test office, contact: https://example.org/veghe}
sources:
  - id: spirit
    url: http://127.0.0.1:$site/
    purpose: test of a real forum
    legal_basis: own invented texts on this machine
    allow_loopback: true
    type: forum
    every: 1s
    rate: 50
    selectors:
      list: .layout__topics__topic
      item: a.topic__link
      next: ".paginator a:has(.fa-chevron-right)"
      post: .js-comment
      id: "@data-pk"
      author: .comment__info__username__link span
      title: h1
      text: .js-comment-text
YAML
export VEGHE=$veghe CONFIG=$tmp/veghe.yaml
"$veghe" source test spirit -c "$tmp/veghe.yaml" >"$tmp/test.log" || die "veghe source test finds no posts: $(tail -20 "$tmp/test.log")"
: >"$tmp/access.log"
"$veghe" run -c "$tmp/veghe.yaml" -listen "127.0.0.1:$desk" -ops-listen "127.0.0.1:$ops" -log warn >"$tmp/veghe.log" 2>&1 &
pids+=($!)
until_ok 60 "veghe" curl -fsS "http://127.0.0.1:$ops/readyz"
check() { python3 "$here/check.py" "$@"; }
until_ok 60 "the first pass" check count "$(wc -l <"$tmp/texts")" source:spirit
check texts "$tmp/texts" || die "what veghe keeps is not what the forum shows"
check count 1 'source:spirit flagged:yes' || die "the telling post is not flagged"
echo "read and assessed: $((SECONDS - began)) s"

PYTHONPATH=. python "$here/texts.py" change >"$tmp/later" || die "the forum could not be changed"
until_ok 90 "the later post" check count 1 'source:spirit "raspuns 3-1"'
until_ok 90 "the edited post" check count 1 'source:spirit edited:yes schimbat'
until_ok 90 "the deleted topic" check count 1 'source:spirit gone:yes flagged:yes'
until_ok 90 "the deleted post" check count 1 'source:spirit gone:yes "raspuns 0-7"'
check count 2 'source:spirit gone:yes' || die "what is still there is said to be gone"
check polite "$tmp/access.log" || die "veghe did what it must not"
echo "Spirit: everything arrived once, and what became of it, $((SECONDS - began)) s"
