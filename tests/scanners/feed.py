"""Gives wapiti the requests that the crawl found, by wapiti's own storage: its crawler follows every combination of filters
and seldom gets to a form. It takes them in the order of their paths, so what ends a thing is kept for a storage of its own, to
be attacked last. Run with Debian's Python, which has wapiti's package."""

import hashlib
import json
import os
import sys
import urllib.parse

sys.path.append("/usr/lib/python3/dist-packages")
from wapitiCore.net.sqlite_persister import SqlitePersister  # noqa: E402
from wapitiCore.net.web import Request  # noqa: E402


def main(requests_file, base, folder):
    root = base.rstrip("/") + "/"
    with open(requests_file, encoding="utf-8") as lines:
        known = [json.loads(line) for line in lines]
    count = store(root, folder, [one for one in known if not one["ends"]])
    last = store(root, f"{folder}-last", [one for one in known if one["ends"]])
    print(f"{count} requests for wapiti, {last} for the end")


def store(root, folder, requests):
    os.makedirs(folder, exist_ok=True)
    # The name under which `wapiti -u ROOT --scope domain --store-session FOLDER` looks for what it knows.
    name = f"{urllib.parse.urlsplit(root).netloc.replace(':', '_')}_domain_{hashlib.md5(root.encode()).hexdigest()[:8]}.db"
    persister = SqlitePersister(f"{folder}/{name}")
    persister.set_root_url(root)
    count = 0
    for known in requests:
        fields = [[name, value] for name, value in known["fields"]]
        if known["method"] == "GET":
            request = Request(root[:-1] + known["path"], get_params=fields)
        elif known["type"] == "application/x-www-form-urlencoded":
            request = Request(root[:-1] + known["path"], method=known["method"], post_params=fields,
                              enctype=known["type"], referer=root)
        else:
            continue  # wapiti cannot alter JSON, and ends each module at it
        request.status, request.link_depth = 200, 1
        request.set_headers({"content-type": "text/html; charset=utf-8"})
        persister.add_request(request)
        count += 1
    persister.close()
    return count


if __name__ == "__main__":
    main(*sys.argv[1:])
