"""Brings a demo into states in which more of its forms are shown: links that nobody has used, a snooze to end, a question
that waits for its second person. Each is done as a technician does it, by a page's own form."""

import datetime
import re
import sys

from portal import Page, Portal

PHRASE = "disconnect all customers"
PASSWORD = "Walrus-Ledger-Sturdy-Plum"


def filled(fields):
    """Fields as somebody in a hurry fills them in: something plausible wherever nothing stands."""
    tomorrow = (datetime.date.today() + datetime.timedelta(days=1)).isoformat()
    usual = {"email": "someone@example.com", "date": tomorrow, "number": "7", "password": "a long enough password"}
    chosen = [(name, value if kind == "select" else value or usual.get(kind, "scan")) for name, value, kind in fields if kind not in ("submit", "code")]
    return chosen + [(name, value) for name, value, kind in fields if kind == "submit"][:1]


def send(portal, page, ending, without=(), **given):
    """Fill in and send the first form of `page` whose address has this ending; its answer's text, or none. Boxes are ticked, but
    for those named in `without`."""
    url, status, _, text = portal.ask(page)
    form = next((f for f in Page(url, text).forms if f["method"] == "POST" and f["action"].endswith(ending)), None)
    if status != 200 or form is None:
        return None
    fields = [(name, given.get(name, value)) for name, value in filled(form["fields"]) if name not in without]
    return portal.ask(form["action"], fields)[3]


def invitation(portal):
    """The path of a new invitation's link."""
    text = portal.ask("/tenants")[3]
    # From the end of the list: the forms of the first tenants are attacked, and each revokes what this one is to use.
    for short in reversed(dict.fromkeys(re.findall(r'href="/tenants/([a-z0-9-]+)"', text))):
        link = re.search(r"/onboarding/inv_[A-Za-z0-9_-]+", send(portal, f"/tenants/{short}/invitations/new?from=m365", "/invitations", ("ask_pin",)) or "")
        if link:
            return link.group()
    print("no invitation could be made: its pages are walked without one", file=sys.stderr)
    return "/onboarding/none"


def open_link(portal):
    """Let this browser be the bearer of a new invitation too, with a sign-in begun."""
    portal.ask(invitation(portal), [])
    send(portal, "/onboarding", "/onboarding/start", method="auth_code")


def technician(portal, email="scan@example.com"):
    """The path of a new technician's link."""
    text = send(portal, "/security/technicians/new", "/security/technicians", name="Scan", email=email) or ""
    link = re.search(r"/login/link/[A-Za-z0-9_-]+", text)
    return link.group() if link else "/login/link/none"


def begin_enrolment(portal, newcomer):
    """Let the browser `newcomer` be a technician who has a password and no second factor yet."""
    url, _, _, text = newcomer.ask(technician(portal, "enrol@example.com"))
    form = next(f for f in Page(url, text).forms if any(kind == "password" for _, _, kind in f["fields"]))
    newcomer.ask(form["action"], [(name, PASSWORD if kind == "password" else value) for name, value, kind in form["fields"]])


def snoozed(portal):
    """The page of a tenant's snooze, with the button that ends it."""
    status = "/security/authentication-status"
    tenant = re.search(r'name="tenant" value="([0-9a-f-]+)"', portal.ask(status)[3])
    if tenant is None:
        return status
    page = f"{status}/snooze?tenant={tenant.group(1)}"
    send(portal, page, "/snooze")
    return page


def everything(portal):
    """(pages for nobody in particular, pages for the technician) to walk besides what links lead to."""
    # A login to end.
    Portal(portal.login, portal.direct).sign_in()
    for_nobody = [technician(portal), invitation(portal)]
    send(portal, "/security/authentication-status?state=expired", "/views", name="Scan")
    send(portal, "/security/disconnect-all", "/security/disconnect-all", phrase=PHRASE)
    return for_nobody, [snoozed(portal), "/onboarding"]
