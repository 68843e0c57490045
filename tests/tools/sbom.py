#!/usr/bin/env python3
"""The bill of materials of a build: CycloneDX 1.5 of what is linked into the program or runs while it is built, from the lock
file. Usage: sbom.py > sbom.json. Ends with an error when a crate has no licence, or no checksum in the lock file."""

import json
import pathlib
import subprocess
import sys
import tomllib
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


def checksums():
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return {(package["name"], package["version"]): package.get("checksum") for package in lock["package"]}


def linked(resolve):
    """Package ids reachable without development dependencies, each with its own."""
    nodes = {node["id"]: node for node in resolve["nodes"]}
    found, waiting = {}, [resolve["root"]]
    while waiting:
        at = waiting.pop()
        if at in found:
            continue
        uses = nodes[at]["deps"]
        found[at] = sorted({dep["pkg"] for dep in uses if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])})
        waiting.extend(found[at])
    return found


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, checksum):
    licence = package.get("license")
    if not licence:
        sys.exit(f"{package['name']} {package['version']} names no licence")
    if not checksum:
        sys.exit(f"{package['name']} {package['version']} has no checksum in Cargo.lock")
    return {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
        "licenses": [{"expression": licence.replace("/", " OR ")}],
        "hashes": [{"alg": "SHA-256", "content": checksum}],
    }


def main():
    data, sums = metadata(), checksums()
    packages = {package["id"]: package for package in data["packages"]}
    graph = linked(data["resolve"])
    root = packages[data["resolve"]["root"]]
    others = sorted((packages[i] for i in graph if i != root["id"]), key=purl)
    lock = (ROOT / "Cargo.lock").read_text()
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        # The same lock file gives the same document.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, lock)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": purl(root),
                "name": root["name"],
                "version": root["version"],
                "purl": purl(root),
                "licenses": [{"expression": root["license"]}],
            }
        },
        "components": [component(one, sums.get((one["name"], one["version"]))) for one in others],
        "dependencies": [
            {"ref": purl(packages[i]), "dependsOn": sorted(purl(packages[d]) for d in deps)} for i, deps in sorted(graph.items())
        ],
    }
    json.dump(document, sys.stdout, indent=1)
    print()
    print(f"{len(others)} components", file=sys.stderr)


main()
