"""Judges a list of crates in CycloneDX: its form, and whether it names all that cargo does.

Arguments: the list, and a file with a name and a version in each line."""

import json
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

materials, wanted = sys.argv[1:]
with open(materials, encoding="utf-8") as file:
    text = file.read()
bill = json.loads(text)
fault = JsonStrictValidator(SchemaVersion.from_version(bill["specVersion"])).validate_str(text)
if fault is not None:
    sys.exit(f"FAILED: the list of crates is not valid: {fault}")

program = bill["metadata"]["component"]
named = {(part["name"], part["version"]) for part in [program, *bill["components"]]}
with open(wanted, encoding="utf-8") as file:
    missing = {tuple(line.split()) for line in file} - named
if missing:
    sys.exit(f"FAILED: the list of crates lacks {sorted(missing)}")
unlicensed = [part["name"] for part in bill["components"] if not part.get("licenses")]
if unlicensed:
    sys.exit(f"FAILED: the list of crates has no licence of {unlicensed}")
if "file:///" in text.replace("file:///build", ""):
    sys.exit("FAILED: the list of crates tells where it was made")
print(f"Materials: valid CycloneDX {bill['specVersion']}, {len(named)} crates, all that cargo names")
