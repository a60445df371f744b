"""What other agencies' software makes of our exports; see handover.sh.

  stix2      parses the bundle and works out the same ids of what can be seen
  pymisp     loads the event; every attribute has a type and category MISP has
"""
import json
import sys
from pathlib import Path

import pymisp
import stix2

folder = Path(sys.argv[1])
bad = []

for file in sorted(folder.glob("*.stix.json")):
    text = file.read_text()
    stix2.parse(text, allow_custom=False)
    for o in json.loads(text)["objects"]:
        cls = stix2.v21.observables.__dict__.get("".join(w.title() for w in o["type"].split("-")))
        cls = {"url": stix2.v21.URL, "email-addr": stix2.v21.EmailAddress}.get(o["type"], cls)
        if cls is None or o["type"] not in ("url", "email-addr", "domain-name", "user-account", "artifact"):
            continue
        theirs = cls(**{k: v for k, v in o.items() if k not in ("id", "type", "spec_version")}).id
        if theirs != o["id"]:
            bad.append(f"{file.name}: {o['id']}, stix2 says {theirs}")

kinds = json.loads((Path(pymisp.__file__).parent / "data" / "describeTypes.json").read_text())["result"]
for file in sorted(folder.glob("*.misp.json")):
    event = pymisp.MISPEvent()
    event.load(json.loads(file.read_text()))
    attributes = list(event.attributes) + [a for o in event.objects for a in o.attributes]
    for a in attributes:
        if a.type not in kinds["category_type_mappings"].get(a.category, []):
            bad.append(f"{file.name}: no attribute of type {a.type} in category {a.category}")
        if a.to_ids:
            bad.append(f"{file.name}: {a.value} is meant for an IDS")
    known = {x.uuid for x in attributes} | {o.uuid for o in event.objects}
    for o in event.objects:
        for ref in o.ObjectReference:
            if ref.referenced_uuid not in known:
                bad.append(f"{file.name}: {ref.referenced_uuid} is referred to and not there")

print("\n".join(bad) or "stix2 and pymisp agree")
sys.exit(bool(bad))
