#!/usr/bin/env python3
"""posts.py FILE: turns the data sets used for measuring into posts, one JSON a line.

Known shapes: reviews with a text, dialogues with messages of authors, chat
logs, and job ads. It only reads; what a post has is described in schema.json.
"""
import json
import pathlib
import sys


def posts(row, source, number):
    messages = row.get("messages") or row.get("turns")
    if messages:
        thread = str(row.get("id", number))
        for seq, m in enumerate(messages, 1):
            text = m.get("text") or m.get("body") or ""
            if not text.strip():
                continue
            post = {"source": source, "kind": "post", "thread": thread, "seq": seq, "author": str(m.get("author", "?")), "text": text}
            when = m.get("time") or m.get("posted_at") or m.get("ts")
            if isinstance(when, str) and "T" in when:
                post["posted_at"] = when
            yield post
        return
    text = row.get("text") or "\n".join(str(row[k]) for k in ("company_profile", "description", "requirements", "benefits") if row.get(k))
    if text.strip():
        kind = "ad" if "job" in source or "emscad" in source else "post"
        yield {"source": source, "kind": kind, "id": f"{source}-{number}", "title": row.get("title") or "", "text": text}


def main():
    path = pathlib.Path(sys.argv[1])
    source = path.stem.replace("_dev", "")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            for post in posts(json.loads(line), source, number):
                print(json.dumps(post, ensure_ascii=False))


if __name__ == "__main__":
    main()
