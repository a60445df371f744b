#!/usr/bin/env python3
"""Compares what veghe found with what a query should find.

check.py count N QUERY     the query finds N posts
check.py texts FILE        every text of the file is there once, and nothing else
check.py polite LOG        what the forum saw of the visits

VEGHE and CONFIG in the environment name the binary and its configuration.
"""

import json
import os
import re
import subprocess
import sys


def fail(problems):
    for p in problems[:20]:
        print(p, file=sys.stderr)
    sys.exit(1 if problems else 0)


def search(query):
    hits, after = [], ""
    while True:
        out = subprocess.run(
            [os.environ["VEGHE"], "search", "-c", os.environ["CONFIG"], "-json", "-all", "-n", "200", "-sort", "newest", "-after", after, query],
            capture_output=True, text=True, timeout=60)
        if out.returncode != 0:
            fail([out.stderr.strip()])
        page = json.loads(out.stdout)
        hits += page["hits"]
        after = page.get("next", "")
        if not after:
            return hits


def texts(file):
    with open(file, encoding="utf-8") as f:
        want = sorted(f.read().splitlines())
    have = sorted(h["post"]["text"] for h in search("source:spirit"))
    fail([f"missing: {t}" for t in want if have.count(t) < want.count(t)] + [f"not seeded, or twice: {t}" for t in have if have.count(t) > want.count(t)])


def polite(log):
    with open(log, encoding="utf-8") as f:
        seen = re.findall(r'"(\S+) (\S+) HTTP/1.\d" (\d+)', f.read())
    problems = [f"{m} {p} {s}" for m, p, s in seen if m != "GET" or re.search(r"/(login|register|publish|admin)|\.(js|css|png)", p) or s.startswith("5")]
    if not any(p == "/robots.txt" for _, p, _ in seen):
        problems.append("robots.txt was not asked for")
    print(f"{len(seen)} requests")
    fail(problems)


match sys.argv[1:]:
    case ["count", n, query]:
        found = len(search(query))
        fail([] if found == int(n) else [f"{query} finds {found}, want {n}"])
    case ["texts", file]:
        texts(file)
    case ["polite", log]:
        polite(log)
    case _:
        fail([__doc__])
