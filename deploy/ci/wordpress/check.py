#!/usr/bin/env python3
"""check.py MANIFEST FOUND ACCESS-LOG: did everything arrive, once, as it is?

MANIFEST is what seed.php wrote, FOUND the hits of `veghe search -all -json`
for the two sources wp-html (the pages) and wp-feed (the feeds), one a line,
ACCESS-LOG what PHP's web server served. Prints counts; exits 1 with what is
wrong.
"""
import collections
import json
import re
import sys


def words(text):
    """The words alone: typography differs between a page and a database."""
    return " ".join(re.findall(r"\w+", text.lower()))


def main():
    manifest = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
    found = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
    log = open(sys.argv[3], encoding="utf-8", errors="replace").read()
    wrong = []

    for source in ("wp-html", "wp-feed"):
        hits = [h for h in found if h["post"]["source"] == source]
        ids = collections.Counter(h["post"]["id"] for h in hits)
        wrong += [f"{source}: {i} is there {n} times" for i, n in ids.items() if n > 1]
        texts = collections.Counter(words(h["post"]["text"]) for h in hits)
        missing = [m["native"] for m in manifest if not any(words(m["text"])[:60] in t for t in texts)]
        print(f"{source}: {len(hits)} posts for {len(manifest)} seeded, {len(missing)} missing")
        if missing:
            wrong.append(f"{source}: missing {missing[:10]}")
        telling = {words(m["text"])[:60] for m in manifest if m["telling"] and m["native"].startswith("post")}
        flagged = {t for t in telling for h in hits if h["assessment"]["flagged"] and t in words(h["post"]["text"])}
        print(f"{source}: {len(flagged)} of {len(telling)} telling posts are flagged")
        if not flagged:
            wrong.append(f"{source}: no telling post is flagged")
        harmless = [h["post"]["title"] for h in hits if h["assessment"]["flagged"] and not any(t in words(h["post"]["text"]) for t in (words(m["text"])[:60] for m in manifest if m["telling"]))]
        if harmless:
            wrong.append(f"{source}: harmless posts are flagged: {harmless}")
        nameless = sum(1 for h in hits if not h["post"].get("author"))
        undated = sum(1 for h in hits if not h["post"].get("posted_at"))
        print(f"{source}: {nameless} without author, {undated} without time")

    if any("Nobody may read this" in h["post"]["text"] or "nu a fost aprobat" in h["post"]["text"] for h in found):
        wrong.append("something that is not public was read")
    visits = [line for line in log.splitlines() if re.search(r"\[\d+\]: GET ", line)]
    if any("/wp-admin/" in v for v in visits if "install.php" not in v):
        wrong.append("a page that robots.txt disallows was fetched")
    if any(re.search(r"GET \S+\.(png|jpe?g|gif|webp|mp4)", v) for v in visits):
        wrong.append("a picture or film was fetched")
    for w in wrong:
        print("wrong:", w, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
