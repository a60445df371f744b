#!/usr/bin/env bash
# wordpress.sh: veghe reads a real WordPress, on this machine only, by its feeds
# and by its pages, and every post and comment must arrive once, as it is.
# Database and web server are private to this script and end with it.
#
#   VEGHE_BIN   the binary to prove (bin/veghe)
#   WP_THEMES   themes to crawl, one after the other
#   WP_KEEP     a folder for logs and manifest when something fails
# shellcheck source=deploy/ci/tools.sh
source "$(dirname "$0")/tools.sh"
cd "$root"

PATH=$PATH:/usr/sbin
veghe=${VEGHE_BIN:-bin/veghe}
read -ra themes <<<"${WP_THEMES:-twentytwentyone}"
here=deploy/ci/wordpress
debs=$root/.cache/wordpress
[ -x "$veghe" ] || die "$veghe is missing: run make build"

tmp=$(mktemp -d)
chmod 711 "$tmp"
pids=()
cleanup() {
  local status=$?
  stop "${pids[@]}"
  if [ $status -ne 0 ] && [ -n "${WP_KEEP:-}" ]; then
    mkdir -p "$WP_KEEP"
    cp "$tmp"/*.{log,jsonl,json,yaml} "$WP_KEEP" 2>/dev/null || true
  fi
  rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# stop PID…: ends what this script started, by force after five seconds.
stop() {
  local pid
  for pid in "$@"; do
    kill "$pid" 2>/dev/null || continue
    for _ in {1..50}; do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}

# until_ok SECONDS WHAT COMMAND…: waits for a command to succeed.
until_ok() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || die "$what: not within the time it may take"
    sleep 0.2
  done
}

# Database and web server do not run as root.
as=()
if [ "$(id -u)" -eq 0 ]; then
  as=(setpriv --reuid nobody --regid nogroup --clear-groups)
fi

# packages: server-core brings the database without a service; WordPress itself
# is unpacked beside the system, as its package would bring a web server.
packages() {
  debian mariadb-server-core mariadbd
  debian mariadb-client-core my_print_defaults
  debian php-cli php
  debian curl curl
  debian python3 python3
  php -m | grep -qi '^mysqli$' || debian_files php-mysql
  local p
  mkdir -p "$debs"
  for p in wordpress php-getid3 "${themes[@]/#/wordpress-theme-}"; do
    compgen -G "$debs/${p}_*.deb" >/dev/null && continue
    (cd "$debs" && apt-get -qq download "$p" 2>/dev/null) || die "could not download the Debian package $p"
  done
}

# debian_files PACKAGE: installs a package that has no command to look for.
debian_files() {
  local sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get -qq install -y --no-install-recommends "$1" >/dev/null 2>&1 || die "could not install $1"
}

ports() {
  python3 - "$1" <<'PY'
import socket, sys
open_ = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in open_: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in open_))
PY
}

database() {
  local dir=$tmp/db
  mkdir "$dir"
  [ ${#as[@]} -eq 0 ] || chown nobody:nogroup "$dir"
  "${as[@]}" mariadb-install-db --no-defaults --datadir="$dir" --skip-test-db --auth-root-authentication-method=normal >"$tmp/db.log" 2>&1 ||
    die "the database could not be set up: $(tail -3 "$tmp/db.log")"
  printf "CREATE USER wp@localhost IDENTIFIED BY '%s';\n" "$password" >"$tmp/init.sql"
  local t
  for t in "${themes[@]}"; do
    printf 'CREATE DATABASE %s CHARACTER SET utf8mb4;\nGRANT ALL ON %s.* TO wp@localhost;\n' "$t" "$t" >>"$tmp/init.sql"
  done
  "${as[@]}" mariadbd --no-defaults --datadir="$dir" --socket="$dir/s" --pid-file="$dir/pid" --skip-networking \
    --init-file="$tmp/init.sql" --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M >>"$tmp/db.log" 2>&1 &
  pids+=($!)
  until_ok 30 "the database" grep -q 'ready for connections' "$tmp/db.log"
}

# site THEME PORT: an installed, seeded WordPress.
site() {
  local theme=$1 port=$2 site=$tmp/$1/usr/share/wordpress deb
  mkdir "$tmp/$theme"
  for deb in wordpress php-getid3 "wordpress-theme-$theme"; do
    dpkg-deb -x "$(compgen -G "$debs/${deb}_*.deb" | sort -V | tail -1)" "$tmp/$theme"
  done
  chmod 755 "$tmp/$theme"
  mkdir -p "$site/wp-content/uploads"
  printf 'not really a picture' >"$site/wp-content/uploads/harta.png"
  cat >"$site/wp-config.php" <<PHP
<?php
define('DB_NAME', '$theme');
define('DB_USER', 'wp');
define('DB_PASSWORD', '$password');
define('DB_HOST', 'localhost:$tmp/db/s');
define('WP_DEFAULT_THEME', '$theme');
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_HOME', 'http://127.0.0.1:$port');
define('WP_SITEURL', WP_HOME);
\$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
PHP
  "${as[@]}" php -d sendmail_path=/bin/true -S "127.0.0.1:$port" -t "$site" "$here/router.php" >"$tmp/$theme.access.log" 2>&1 &
  php=$!
  pids+=("$php")
  until_ok 30 "the web server" curl -fsS -m 20 "http://127.0.0.1:$port/wp-admin/install.php"
  curl -fsS -m 60 -o "$tmp/$theme.install.log" "http://127.0.0.1:$port/wp-admin/install.php?step=2" \
    --data-urlencode 'weblog_title=Cartierul de probă' -d user_name=admin -d "admin_password=$password" -d "admin_password2=$password" \
    -d pw_weak=1 -d admin_email=admin@example.org -d blog_public=1 || die "WordPress could not be installed"
  grep -q 'wp-login.php' "$tmp/$theme.install.log" || die "WordPress's installer did not say that it succeeded"
  php "$here/seed.php" "$site" "$tmp/$theme.seeded.jsonl" || die "the texts could not be put into WordPress"
}

# configuration THEME PORT: the same site by its feeds and by its pages.
configuration() {
  cat >"$tmp/$1.yaml" <<YAML
data: $tmp/$1.data
listen: 127.0.0.1:$3
ops_listen: 127.0.0.1:$4
language: {second_opinion: "off"}
crawler: {operator: veghe test, contact: test@example.org}
sources:
  - {id: wp-feed, url: "http://127.0.0.1:$2/?feed=rss2", urls: ["http://127.0.0.1:$2/?feed=comments-rss2"], type: feed, purpose: test, legal_basis: none needed, allow_loopback: true, every: 3s, rate: 50}
  - id: wp-html
    url: http://127.0.0.1:$2/
    type: forum
    purpose: test
    legal_basis: none needed
    allow_loopback: true
    every: 5s
    rate: 100
    concurrency: 2
    selectors:
      item: "h2.entry-title a, h2.wp-block-post-title a, .wp-block-post-title a"
      next: "a.next, .nav-previous a, a.wp-block-query-pagination-next, .comment-navigation .nav-next a"
      post: "article.post, article.comment-body, main .wp-block-post-content, ol.wp-block-comment-template > li"
      id: "@id"
      author: ".fn, .author, .byline a, .wp-block-comment-author-name"
      text: ".entry-content, .comment-content, .wp-block-comment-content"
      posted: "time @datetime"
YAML
}

# hits DATA: all that was found, one a line.
hits() {
  local after='' page=$tmp/page.json
  while :; do
    "$veghe" search -data "$1" -all -json -n 200 -sort oldest ${after:+-after "$after"} 'source:wp-html OR source:wp-feed' >"$page" || die "search failed"
    python3 -c 'import json,sys; [print(json.dumps(h)) for h in json.load(open(sys.argv[1]))["hits"]]' "$page"
    after=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1])).get("next",""))' "$page")
    [ -n "$after" ] || return 0
  done
}

# quiet DATA: two visits of both sources have ended and nothing is under way.
quiet() {
  "$veghe" status -data "$1" -json | python3 -c '
import json, sys
s = json.load(sys.stdin)
done = len(s["sources"]) == 2 and all(x["passes"] >= 2 for x in s["sources"])
closed = all(r["in_flight"] == 0 and r["collected"] > 0 for r in s["accounting"]) and len(s["accounting"]) == 2
sys.exit(0 if done and closed and all(x["behind"] == 0 for x in s["stages"]) else 1)'
}

packages
password=$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')
database
for theme in "${themes[@]}"; do
  read -r web desk ops <<<"$(ports 3)"
  site "$theme" "$web"
  configuration "$theme" "$web" "$desk" "$ops"
  : >"$tmp/$theme.access.log" # what the installation fetched does not count
  "$veghe" run -c "$tmp/$theme.yaml" >"$tmp/$theme.veghe.log" 2>&1 &
  run=$!
  pids+=("$run")
  until_ok 120 "the visit of $theme" quiet "$tmp/$theme.data"
  hits "$tmp/$theme.data" >"$tmp/$theme.found.jsonl"
  echo "== $theme"
  python3 "$here/check.py" "$tmp/$theme.seeded.jsonl" "$tmp/$theme.found.jsonl" "$tmp/$theme.access.log" || die "$theme was not read as it should be"
  stop "$run"
done
