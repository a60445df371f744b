#!/usr/bin/env python3
"""Compares what veghe keeps with what was put into WordPress.

check.py settled SOURCE=N…              every source has collected N posts, all assessed
check.py posts SOURCE html|feed MANIFEST  each seeded text is there once, as it is
check.py reread LOG MANIFEST            every thread was fetched at least twice
check.py refused SOURCE                 robots.txt kept the source from a page
check.py polite LOG…                    what the site saw of the visits

VEGHE and CONFIG in the environment name the binary and its configuration.
"""

import collections
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
from urllib.parse import urlsplit


def fail(problems):
    for p in problems[:20]:
        print(p, file=sys.stderr)
    if len(problems) > 20:
        print(f"and {len(problems) - 20} more", file=sys.stderr)
    sys.exit(1 if problems else 0)


def veghe(command, *args):
    out = subprocess.run(
        [os.environ["VEGHE"], command, "-c", os.environ["CONFIG"], "-json", *args],
        capture_output=True, text=True, timeout=30)
    if out.returncode != 0:
        fail([f"veghe {command}: {out.stderr.strip()}"])
    return json.loads(out.stdout)


def settled(want):
    want = {s: int(n) for s, n in (w.split("=") for w in want)}
    rows = {r["source"]: r for r in veghe("status")["accounting"]}
    problems = []
    for source, n in want.items():
        r = rows.get(source, {"collected": 0, "assessed": 0, "dead": 0, "in_flight": 0})
        if (r["collected"], r["assessed"], r["dead"], r["in_flight"]) != (n, n, 0, 0):
            problems.append(f"{source}: want {n} collected and assessed, have {r}")
    fail(problems)


def search(source):
    hits, after = [], ""
    while True:
        page = veghe("search", "-all", "-n", "50", "-sort", "newest", "-after", after, f"source:{source}")
        hits += page["hits"]
        after = page.get("next", "")
        if not after:
            return page["total"], hits


def native_id(source, native):
    h = hashlib.sha256()
    for part in ("native", source, native):
        b = part.encode()
        h.update(b"%d:%s" % (len(b), b))
    return h.hexdigest()[:32]


def plain(s):
    """WordPress sets quotation marks and dashes as a typesetter would."""
    s = re.sub("[‘’]", "'", s)
    s = re.sub("[“”„]", '"', s)
    return " ".join(s.split())


def when(s):
    return datetime.datetime.fromisoformat(s.replace(" ", "T").replace("Z", "") + "+00:00")


def posts(source, how, manifest):
    with open(manifest, encoding="utf-8") as f:
        seeded = [json.loads(line) for line in f]
    total, hits = search(source)
    have = collections.defaultdict(list)
    for h in hits:
        have[h["post"]["id"]].append(h)
    problems, pairs = [], set()
    if total != len(hits) or total != len(seeded):
        problems.append(f"{source}: {len(seeded)} texts were seeded, the search counts {total} and shows {len(hits)}")
    for s in seeded:
        found = have.pop(native_id(source, s["native" if how == "html" else "guid"]), [])
        if len(found) != 1:
            problems.append(f"{source}: {s['native']} is there {len(found)} times, want once")
            continue
        problems += [f"{source}: {s['native']}: {d}" for d in differences(source, how, s, found[0])]
        pairs.add((s["author"], found[0]["post"].get("author", "")))
    problems += authors(source, seeded, pairs)
    problems += [f"{source}: {i} was never seeded, or under another name" for i in have]
    if not problems:
        flagged = sum(h["assessment"]["flagged"] for h in hits)
        print(f"{source}: {total} posts and comments, each once; {flagged} flagged")
    fail(problems + order(source, how, seeded, hits))


def differences(source, how, s, hit):
    p, a = hit["post"], hit["assessment"]
    pairs = [
        ("text", plain(p["text"]), plain(s["text"])),
        ("quotes", len(p.get("quotes") or []), s.get("quotes", 0)),
        ("flagged", a["flagged"], s["telling"]),
    ]
    if "title" in s:
        pairs.append(("title", plain(p.get("title", "")), plain(s["title"])))
    # A page may show minutes only; a feed tells seconds.
    slack = abs((when(p.get("posted_at", "0001-01-01T00:00:00Z")) - when(s["posted"])).total_seconds())
    pairs.append(("posted within a minute", slack < (60 if how == "html" else 1), True))
    pairs.append(("thread", p.get("thread"), s["thread"]))
    if s.get("parent"):
        parent = s["parent" if how == "html" else "parent_guid"]
        pairs.append(("reply_to", p.get("reply_to"), native_id(source, parent)))
    return [f"{what} is {got!r}, want {want!r}" for what, got, want in pairs if got != want]


def authors(source, seeded, pairs):
    """Lists show pseudonyms: each stands for one name, and the name finds them."""
    problems = []
    names = collections.Counter(s["author"] for s in seeded)
    if len(pairs) != len(names) or len({p for _, p in pairs}) != len(names):
        problems.append(f"{source}: {len(names)} authors were seeded, have {sorted(pairs)}")
    for name, n in names.items():
        total = veghe("search", "-all", "-n", "1", f'source:{source} author:"{name}"')["total"]
        if total != n:
            problems.append(f"{source}: author {name!r} has {total} texts, want {n}")
    return problems


def order(source, how, seeded, hits):
    """In a thread, seq goes with the order in which WordPress shows them."""
    if how != "html":
        return []
    seq = {h["post"]["id"]: h["post"].get("seq", 0) for h in hits}
    last, problems = {}, []
    for s in (s for s in seeded if not s.get("parent")):
        n = seq.get(native_id(source, s["native"]), 0)
        if n <= last.get(s["thread"], 0):
            problems.append(f"{source}: {s['native']} has place {n} in its thread, after one with {last.get(s['thread'], 0)}")
        last[s["thread"]] = n
    return problems


# What router.php writes about a request.
VISIT = re.compile(r"^visit (\d{3}) (\S+) (\S+) (.*)$")


def requests(log):
    with open(log, encoding="utf-8", errors="replace") as f:
        return [m.groups() for m in map(VISIT.match, f) if m]


def reread(log, manifest):
    count = collections.Counter(urlsplit(path).path for _, _, path, _ in requests(log))
    with open(manifest, encoding="utf-8") as f:
        threads = {urlsplit(json.loads(line)["thread"]).path for line in f}
    fail([f"{t} was fetched {count[t]} times, want 2 or more" for t in sorted(threads) if count[t] < 2])


def refused(source):
    """The site links to its administration: somebody has to have refused."""
    stats = next(s for s in veghe("status")["sources"] if s["source"] == source)
    fail([] if stats["outcomes"].get("robots") else [f"{source}: robots.txt refused nothing: {stats['outcomes']}"])


def polite(logs):
    problems = []
    for log in logs:
        seen = requests(log)
        if not seen or seen[0][2] != "/robots.txt":
            problems.append(f"{log}: the first request is {seen[0][2] if seen else 'missing'}, want /robots.txt")
        for status, method, path, agent in seen:
            where = urlsplit(path).path
            if method != "GET":
                problems.append(f"{log}: {method} {path}: want GET only")
            if not re.match(r"veghe/\S+ \(\+https://example\.org/veghe; Test office\)$", agent):
                problems.append(f"{log}: {path} was asked for by {agent!r}, want veghe and its operator")
            if where.startswith("/wp-admin"):
                problems.append(f"{log}: {path} was asked for, which robots.txt disallows")
            if where.startswith(("/wp-content", "/wp-includes")) or re.search(r"\.(png|jpe?g|gif|svg|css|js)$", where):
                problems.append(f"{log}: {path} was asked for, which is not a text")
            if status.startswith("5"):
                problems.append(f"{log}: {path}: the site failed with {status}")
            if status == "404":
                print(f"{os.path.basename(log)}: {path} is not there")
        kinds = collections.Counter(status for status, _, _, _ in seen)
        print(f"{os.path.basename(log)}: {len(seen)} requests,", ", ".join(f"{n} of status {s}" for s, n in sorted(kinds.items())))
    fail(problems)


def main():
    match sys.argv[1:]:
        case ["settled", *want]:
            settled(want)
        case ["posts", source, how, manifest]:
            posts(source, how, manifest)
        case ["reread", log, manifest]:
            reread(log, manifest)
        case ["refused", source]:
            refused(source)
        case ["polite", *logs]:
            polite(logs)
        case _:
            sys.exit(__doc__)


main()
