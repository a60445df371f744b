#!/usr/bin/env bash
# wordpress.sh: veghe reads a real WordPress, on this machine only, by its feeds
# and by its pages, and every post and comment must arrive once, as it is.
# Database and web server are private to this script and end with it.
#
# One site has a theme of templates and is described by selectors; the other
# has a theme of blocks and is not described at all.
#
#   VEGHE_BIN   the binary to prove (bin/veghe)
#   WP_KEEP     a folder for logs and manifests when something fails
# shellcheck source=deploy/ci/tools.sh
source "$(dirname "$0")/tools.sh"
cd "$root"

PATH=$PATH:/usr/sbin
veghe=${VEGHE_BIN:-bin/veghe}
classic=twentytwentyone
blocks=twentytwentythree
themes=("$classic" "$blocks")
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
  "${as[@]}" php -d sendmail_path=/bin/true -S "127.0.0.1:$port" -t "$site" "$here/router.php" >>"$tmp/$theme.access.log" 2>&1 &
  php=$!
  pids+=("$php")
  until_ok 30 "the web server" curl -fsS -m 20 "http://127.0.0.1:$port/wp-admin/install.php"
  curl -fsS -m 60 -o "$tmp/$theme.install.log" "http://127.0.0.1:$port/wp-admin/install.php?step=2" \
    --data-urlencode 'weblog_title=Cartierul de probă' -d user_name=admin -d "admin_password=$password" -d "admin_password2=$password" \
    -d pw_weak=1 -d admin_email=admin@example.org -d blog_public=1 || die "WordPress could not be installed"
  grep -q 'wp-login.php' "$tmp/$theme.install.log" || die "WordPress's installer did not say that it succeeded"
  php "$here/seed.php" "$site" "$tmp/$theme.seeded.jsonl" || die "the texts could not be put into WordPress"
}

# cut_log THEME: forgets what the site was asked so far.
cut_log() { : >"$tmp/$1.access.log"; }

check() { VEGHE=$veghe CONFIG=$tmp/veghe.yaml python3 "$here/check.py" "$@"; }

# configure CLASSIC BLOCKS: the sources of the two sites.
configure() {
  cat >"$tmp/veghe.yaml" <<YAML
data: $tmp/data
language: {second_opinion: low}
crawler: {operator: Test office, contact: https://example.org/veghe}
sources:
  - id: wp
    url: http://127.0.0.1:$1/
    purpose: test of a real publishing engine
    legal_basis: own invented texts on this machine
    allow_loopback: true
    type: forum
    every: 4s
    rate: 50
    selectors:
      list: article.hentry
      item: .entry-title a
      next: .pagination a.next, .comments-pagination a.next
      post: .single article.hentry, .comment-list li.comment
      id: "@id"
      author: "[rel=author], .comment-author .fn"
      title: h1.entry-title
      text: .entry-content, .comment-content
      posted: time
  - id: wp-feeds
    url: http://127.0.0.1:$1/?feed=rss2
    urls: ["http://127.0.0.1:$1/?feed=comments-rss2"]
    purpose: test of a real publishing engine
    legal_basis: own invented texts on this machine
    allow_loopback: true
    type: feed
    every: 2s
    rate: 50
  - id: wp-blocks
    url: http://127.0.0.1:$2/
    purpose: test of a real publishing engine
    legal_basis: own invented texts on this machine
    allow_loopback: true
    every: 4s
    rate: 50
YAML
}

packages
began=$SECONDS
password=$(python3 -c 'import secrets; print(secrets.token_hex(16))')
read -ra port < <(ports 4)
database
site "$classic" "${port[0]}"
site "$blocks" "${port[1]}"
n=$(wc -l <"$tmp/$classic.seeded.jsonl")
echo "two sites of $n posts and comments each: $((SECONDS - began)) s"

for t in "${themes[@]}"; do cut_log "$t"; done # the rest of the log is veghe's
configure "${port[0]}" "${port[1]}"
"$veghe" run -c "$tmp/veghe.yaml" -listen "127.0.0.1:${port[2]}" -ops-listen "127.0.0.1:${port[3]}" -log warn >"$tmp/veghe.log" 2>&1 &
run=$!
pids+=("$run")
until_ok 20 "veghe" curl -fsS "http://127.0.0.1:${port[3]}/readyz"

until_ok 60 "the first pass" check settled "wp=$n" "wp-feeds=$n" "wp-blocks=$n"
echo "read and assessed: $((SECONDS - began)) s"
for t in "${themes[@]}"; do
  until_ok 60 "the second pass over $t" check reread "$tmp/$t.access.log" "$tmp/$t.seeded.jsonl"
done
echo "read again: $((SECONDS - began)) s"
check settled "wp=$n" "wp-feeds=$n" "wp-blocks=$n" || die "the second pass brought posts that were there already"
compare() {
  local wrong="what veghe keeps is not what WordPress shows"
  check posts wp html "$tmp/$classic.seeded.jsonl" || die "$wrong"
  check posts wp-feeds feed "$tmp/$classic.seeded.jsonl" || die "$wrong"
  check posts wp-blocks html "$tmp/$blocks.seeded.jsonl" || die "$wrong"
}
compare

# One more comment and one edited post: both come, and nothing else does.
for t in "${themes[@]}"; do
  php "$here/seed.php" "$tmp/$t/usr/share/wordpress" "$tmp/$t.seeded.jsonl" later
done
until_ok 40 "a later comment and an edit, by the pages" check posts wp html "$tmp/$classic.seeded.jsonl"
until_ok 40 "a later comment and an edit, by the feeds" check posts wp-feeds feed "$tmp/$classic.seeded.jsonl"
until_ok 40 "a later comment and an edit, by pages nobody described" check posts wp-blocks html "$tmp/$blocks.seeded.jsonl"
check settled "wp=$((n + 1))" "wp-feeds=$((n + 1))" "wp-blocks=$((n + 1))" || die "more came than was added"
kill -0 "$run" 2>/dev/null || die "veghe ended: $(tail -3 "$tmp/veghe.log")"
check refused wp-blocks || die "the links to the administration were not even considered"
check polite "$tmp/$classic.access.log" "$tmp/$blocks.access.log" || die "veghe did what it must not"
grep -q '^visit 304 GET /?feed=' "$tmp/$classic.access.log" || die "unchanged feeds were fetched whole, want conditional requests"
"$veghe" status -c "$tmp/veghe.yaml"
echo "WordPress: everything arrived once and as it is, $((SECONDS - began)) s"
