"""Walks the whole site signed in and writes down what the scanners are to attack: one request a line of JSON
(`requests.jsonl`), and the same in the log format that sqlmap reads."""

import collections
import json
import re
import sys
import urllib.parse

import prepare
from portal import Page, Portal

PAGES_EACH = 60      # pages looked at of one route
EXAMPLES_EACH = {"GET": 1, "POST": 2}    # requests attacked of one route and set of names
SAME_NAME = 2        # fields of one name in a request
# Endless streams, and what changes nothing.
LEAVE = re.compile(r"/events$|^/static/")
LOGOUT = "/logout"
# What a browser sends by itself, without a form.
REPORT = json.dumps({"csp-report": {"effectiveDirective": "script-src"}})
JSON = {"/csp-reports": ("application/csp-report", REPORT)}
# What takes away the thing that other forms are about.
ENDS = re.compile(r"/(removal|archival|revocation|stop)$")
# Fields of routes that have a form only in states which the demo is not in.
FIELDS = {"/security/technicians/{id}/role": [("role", "viewer")],
          "/security/app-registration/certificates/generated": [("years", "1")]}


class Inventory:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.routes = json.load(file)
        self._patterns = [
            (re.compile("^" + re.sub(r"\\\{[^/]+\\\}", "[^/]+", re.escape(route["path"])) + "$"), route) for route in self.routes]
        # Of two that fit, the one with fewer parameters is the router's choice.
        self._patterns.sort(key=lambda pair: pair[1]["path"].count("{"))

    def template(self, method, path):
        return next((r["path"] for pattern, r in self._patterns if r["method"] == method and pattern.match(path)), None)


def few(fields):
    """A row each of a long list: two fields of a name do for all."""
    count = collections.Counter()
    return [(name, value) for name, value in fields if count.update([name]) or count[name] <= SAME_NAME]


class Crawl:
    def __init__(self, portal, inventory):
        self.portal, self.inventory = portal, inventory
        self.seen, self.count = set(), collections.Counter()
        self.requests, self.kinds, self.examples = [], collections.Counter(), {}

    def walk(self, *starts):
        queue = collections.deque(starts)
        while queue:
            url = urllib.parse.urldefrag(queue.popleft())[0]
            where = urllib.parse.urlsplit(url)
            template = self.inventory.template("GET", where.path)
            if url in self.seen or not url.startswith(self.portal.base) or template is None or LEAVE.search(where.path):
                continue
            self.seen.add(url)
            if self.count[template] >= PAGES_EACH:
                continue
            self.count[template] += 1
            self.examples.setdefault(template, where.path)
            self.note("GET", url, urllib.parse.parse_qsl(where.query, keep_blank_values=True))
            final, _, kind, text = self.portal.ask(url)
            if "html" not in kind:
                continue
            page = Page(final, text)
            for form in page.forms:
                fields = few(prepare.filled(form["fields"]))
                self.note(form["method"], form["action"], fields)
                if form["method"] == "GET":
                    queue.append(form["action"].split("?")[0] + "?" + urllib.parse.urlencode(fields))
            queue.extend(page.links)

    def note(self, method, url, fields):
        where = urllib.parse.urlsplit(url)
        template = self.inventory.template(method, where.path)
        if template is None or not url.startswith(self.portal.base) or LEAVE.search(where.path) or (method, template) == ("GET", LOGOUT):
            return
        kind = (method, template, tuple(sorted({name for name, _ in fields})))
        self.kinds[kind] += 1
        if self.kinds[kind] > EXAMPLES_EACH.get(method, 2):
            return
        self.add(method, template, where, fields)

    def add(self, method, template, where, fields):
        # Scanners attack parameters: a button alone has none, so it gets one that nobody asked for.
        fields = fields or ([] if method == "GET" else [("scan", "1")])
        self.requests.append({"method": method, "route": template, "path": where.path, "query": where.query, "fields": fields})

    def fill_gaps(self):
        """A changing route that no page offered just now is asked with what its path needs and the fields of its neighbours:
        a question that waits for a second person has a form for the first one only."""
        found = {r["route"] for r in self.requests if r["method"] != "GET"}
        words = {}
        # An id that can be changed is better than one that was only looked at, such as the scanner's own.
        for template, path in [*((r["route"], r["path"]) for r in self.requests if r["method"] != "GET"), *self.examples.items()]:
            for name, word in zip(template.split("/"), path.split("/")):
                if name.startswith("{"):
                    words.setdefault(template[:template.index(name)] + name, word)
        for route in self.inventory.routes:
            path = route["path"]
            if route["method"] == "GET" or path in found or LEAVE.search(path):
                continue
            for name in re.findall(r"\{[^/]+\}", path):
                known = words.get(route["path"][:route["path"].index(name)] + name)
                path = path.replace(name, known or "00000000-0000-7000-8000-000000000000")
            near = [r["fields"] for r in self.requests if r["method"] != "GET" and r["route"].rsplit("/", 1)[0] == route["path"].rsplit("/", 1)[0]]
            fields = FIELDS.get(route["path"]) or [field for field in (near[0] if near else []) if field[0] != "scan"]
            if fields and path.endswith("/confirmation"):
                fields.append(("phrase", prepare.PHRASE))
            self.add(route["method"], route["path"], urllib.parse.urlsplit(path), fields)


def main(login_file, direct, inventory_file, out):
    with open(login_file, encoding="utf-8") as file:
        login = json.loads(file.readline())
    portal, nobody = Portal(login, direct), Portal(login, direct)
    portal.sign_in()
    for_nobody, for_portal = prepare.everything(portal)
    prepare.open_link(portal)
    crawl = Crawl(nobody, Inventory(inventory_file))
    crawl.walk(*(nobody.base + path for path in ["/login", *for_nobody]))
    crawl.portal = portal
    crawl.walk(*(portal.base + path for path in ["/", *for_portal]))
    crawl.fill_gaps()
    host = urllib.parse.urlsplit(portal.base).netloc
    with open(f"{out}/requests.jsonl", "w", encoding="utf-8") as lines, open(f"{out}/sqlmap.log", "w", encoding="utf-8") as log:
        # What changes something goes first: a scan that is cut short has then seen the more important half. Of these, what
        # concerns one thing goes before what ends all of its kind, and before what ends that thing.
        for r in sorted(crawl.requests, key=lambda r: (r["method"] == "GET", -r["route"].count("{"), bool(ENDS.search(r["route"])))):
            r["type"], r["body"] = JSON.get(r["route"], ("application/x-www-form-urlencoded", urllib.parse.urlencode(r["fields"])))
            lines.write(json.dumps({**r, "ends": bool(ENDS.search(r["route"]))}) + "\n")
            if not r["fields"]:
                continue
            body = r["body"]
            line = f"{r['method']} {r['path']}" + ("?" + (r["query"] or body) if r["method"] == "GET" else "")
            rule = "=" * 54
            log.write(f"{rule}\n12:00:00  {portal.base}  [127.0.0.1]\n{rule}\n{line} HTTP/1.1\nHost: {host}\n"
                      f"Origin: {portal.base}\nSec-Fetch-Site: same-origin\n")
            if r["method"] != "GET":
                log.write(f"Content-Type: {r['type']}\n\n{body}")
            log.write(f"\n{rule}\n\n")
    print(f"walked {sum(crawl.count.values())} pages of {len(crawl.count)} routes; {len(crawl.requests)} requests to attack")


if __name__ == "__main__":
    main(*sys.argv[1:])
