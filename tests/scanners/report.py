"""What the scanners reached and found. Writes `report.md`; the last line of output has the figures. Fails when fewer than
nine tenths of the changing routes were reached, or when a finding stands in no line of `explained.txt`.

Reached: the route's own handler answered at least one request of a scanner with the form read: any 2xx or 3xx that does
not lead to the login, 409 or 422. Not reached: what a layer or an extractor refuses before the handler (400, 401, 403,
405, 413, 415, 421, 429, 503), an absent object (404), and 5xx, which is a finding besides."""

import collections
import csv
import glob
import json
import os
import re
import sys

from crawl import Inventory

SHARE = 0.9
DOORS = "/login"


def lines(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                yield json.loads(line)
            except ValueError:
                continue  # a line that was cut when its writer ended


def answers(work, inventory):
    """(method, route template, status, where it leads, who asked) of each answer that a scanner got. The template is the request
    log's; of what the portal did not log (a demo logs little), the inventory's for that path."""
    templates = {}
    for entry in lines(f"{work}/demo.log"):
        if "http.route" in entry:
            templates[entry.get("request.id")] = entry["http.route"]
    for entry in lines(f"{work}/answers.jsonl"):
        template = templates.get(entry["request"]) or inventory.template(entry["method"], entry["path"]) or "unmatched"
        scanner = "sqlmap" if entry["agent"].startswith("sqlmap") else "wapiti"
        yield entry["method"], template, entry["status"], entry["location"], scanner


def is_reached(route, status, location):
    if 300 <= status < 400:
        # Who signs out is led to the login.
        return route == "/logout" or route.startswith(DOORS) or not location.startswith(DOORS)
    return 200 <= status < 300 or status in (409, 422)


def own_findings(statuses):
    for (method, route), counted in sorted(statuses.items()):
        for status, number in sorted(counted.items()):
            if status >= 500 and status != 503:
                yield f"answer | {status} | {method} {route} | | {number} times"


def wapiti(path):
    with open(path, encoding="utf-8") as file:
        found = json.load(file)
    for part in ("vulnerabilities", "anomalies"):
        for category, entries in found.get(part, {}).items():
            for entry in entries:
                yield f"wapiti | {category} | {entry['method']} {entry['path']} | {entry.get('parameter') or ''} | {entry['info']}"


def sqlmap(folder):
    for path in glob.glob(f"{folder}/results-*.csv"):
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield f"sqlmap | {row['Technique(s)']} | {row['Place']} {row['Target URL']} | {row['Parameter']} | {row['Note(s)']}"


def explanations(path):
    """Pairs of pattern and reason: a line each, a tab between."""
    with open(path, encoding="utf-8") as file:
        pairs = [line.rstrip("\n").split("\t", 1) for line in file if line.strip() and not line.startswith("#")]
    return [(re.compile(pattern), reason) for pattern, reason in pairs]


def main(work, routes_file, explained_file):
    inventory = Inventory(routes_file)
    # Those of the API take a key and JSON, which wapiti cannot alter: schemathesis has them.
    changing = sorted({(r["method"], r["path"]) for r in inventory.routes
                       if r["method"] not in ("GET", "HEAD") and not r["path"].startswith("/api/")})
    statuses, reached = collections.defaultdict(collections.Counter), collections.defaultdict(set)
    for method, route, status, location, scanner in answers(work, inventory):
        statuses[method, route][status] += 1
        if is_reached(route, status, location):
            reached[method, route].add(scanner)
    known = explanations(explained_file)
    found = [*own_findings(statuses), *sqlmap(f"{work}/sqlmap")]
    for path in sorted(glob.glob(f"{work}/wapiti-*.json")):
        found += [finding for finding in wapiti(path) if finding not in found]
    reasons = {finding: next((reason for pattern, reason in known if pattern.search(finding)), None) for finding in found}
    unexplained = [finding for finding, reason in reasons.items() if reason is None]
    hit = [route for route in changing if route in reached]
    share = len(hit) / len(changing)
    with open(f"{work}/report.md", "w", encoding="utf-8") as out:
        out.write(f"# Scanners\n\n{len(hit)} of {len(changing)} changing routes reached ({share:.0%}).\n\n| route | reached by | answers |\n| --- | --- | --- |\n")
        for method, path in changing:
            counted = ", ".join(f"{status}: {number}" for status, number in sorted(statuses[method, path].items()))
            out.write(f"| {method} {path} | {', '.join(sorted(reached.get((method, path), []))) or '**no**'} | {counted or 'none'} |\n")
        out.write("\n## Findings\n\n")
        out.writelines(f"- {finding}\n  {reason or '**not explained**'}\n" for finding, reason in reasons.items())
    for finding in unexplained:
        print(f"not explained: {finding}")
    for method, path in changing:
        if (method, path) not in reached:
            print(f"not reached: {method} {path} ({dict(statuses[method, path]) or 'never asked'})")
    requests = sum(sum(counted.values()) for counted in statuses.values())
    by = {scanner: sum(scanner in reached[route] for route in hit) for scanner in ("wapiti", "sqlmap")}
    print(f"scanners routes={len(changing)} reached={len(hit)} share={share:.3f} wapiti={by['wapiti']} sqlmap={by['sqlmap']} requests={requests} "
          f"findings={len(found)} explained={len(found) - len(unexplained)} unexplained={len(unexplained)}")
    return 0 if share >= SHARE and not unexplained else 1


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(*sys.argv[1:]))
