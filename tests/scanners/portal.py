"""A person at the portal, as the scanners need one: signs in, whatever is asked for, and reads the forms of a page."""

import base64
import hashlib
import hmac
import html.parser
import http.cookiejar
import ssl
import struct
import time
import urllib.error
import urllib.parse
import urllib.request


def totp(secret, at=None):
    """The six digits of RFC 6238 for this Base32 secret, now or at an instant in seconds."""
    key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
    step = int((time.time() if at is None else at) // 30)
    mac = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    start = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[start:start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


class Page(html.parser.HTMLParser):
    """Links and forms of one page. A form is a dict: method, action, fields (list of name, value, kind)."""

    def __init__(self, url, text):
        super().__init__()
        self.url, self.links, self.forms = url, [], []
        self._open, self._by_id, self._later, self._select, self._area = None, {}, [], None, None
        self.feed(text)
        for form_id, field in self._later:
            if form_id in self._by_id:
                self._add(self._by_id[form_id], field)

    def _form(self, method, action):
        return {"method": (method or "get").upper(), "action": urllib.parse.urljoin(self.url, action or self.url), "fields": []}

    def _add(self, form, field):
        if field[2] == "formaction":
            # A button that sends the same fields somewhere else is a form of its own.
            self.forms.append(dict(form, action=urllib.parse.urljoin(self.url, field[1]), method=field[0] or form["method"]))
        elif form is not None:
            form["fields"].append(field)

    def _field(self, about, field):
        if about.get("form"):
            self._later.append((about["form"], field))
        elif self._open is not None:
            self._add(self._open, field)

    def handle_starttag(self, tag, attrs):
        about = {name: value or "" for name, value in attrs}
        name, kind = about.get("name", ""), about.get("type", "text")
        if tag == "a" and about.get("href"):
            self.links.append(urllib.parse.urljoin(self.url, about["href"]))
        elif tag == "form":
            self._open = self._form(about.get("method"), about.get("action"))
            self.forms.append(self._open)
            if about.get("id"):
                self._by_id[about["id"]] = self._open
        elif tag in ("input", "button"):
            if about.get("formaction"):
                self._field(about, (about.get("formmethod", "").upper(), about["formaction"], "formaction"))
            if about.get("autocomplete") == "one-time-code" or name in ("code", "totp"):
                kind = "code"
            if name and not (kind == "radio" and "checked" not in about):
                self._field(about, (name, about.get("value", "on" if kind == "checkbox" else ""), kind))
        elif tag == "textarea" and name:
            self._area = [about, name, ""]
        elif tag == "select" and name:
            self._select = [about, name, None]
        elif tag == "option" and self._select:
            if self._select[2] is None or "selected" in about:
                self._select[2] = about.get("value", "")

    def handle_data(self, data):
        if self._area:
            self._area[2] += data

    def handle_endtag(self, tag):
        if tag == "form":
            self._open = None
        elif tag == "textarea" and self._area:
            self._field(self._area[0], (self._area[1], self._area[2], "textarea"))
            self._area = None
        elif tag == "select" and self._select:
            self._field(self._select[0], (self._select[1], self._select[2] or "", "select"))
            self._select = None


class Portal:
    """A browser with cookies that says where its requests come from."""

    def __init__(self, login, direct):
        """`login` is the demo's line of JSON; `direct` reaches the same portal past the cookies that nginx adds."""
        self.base, self.direct, self.login = login["portal"].rstrip("/"), direct, login
        self.jar = http.cookiejar.CookieJar()
        trust_any = ssl._create_unverified_context()
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=trust_any), urllib.request.HTTPCookieProcessor(self.jar))

    def ask(self, url, fields=None):
        """(final address, status, content type, text) of GET, or of POST with these fields."""
        body = None if fields is None else urllib.parse.urlencode(fields).encode()
        whole = urllib.parse.urljoin(self.base + "/", url).replace(self.base, self.direct, 1)
        request = urllib.request.Request(whole, data=body)
        for name, value in (("Sec-Fetch-Site", "same-origin"), ("Origin", self.base), ("Accept", "text/html")):
            request.add_header(name, value)
        try:
            answer = self.opener.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            final, kind = answer.url.replace(self.direct, self.base, 1), answer.headers.get("content-type", "")
            return final, answer.status, kind, answer.read().decode("utf-8", "replace")

    def at_the_door(self, url):
        path = urllib.parse.urlsplit(url).path
        # Behind the door: a form that waited for the proof.
        return path.startswith("/login") and path != "/login/step-up/again"

    def sign_in(self, path="/login"):
        """Fill in whatever the login, or a step-up at `path`, asks for, until it leads elsewhere."""
        answers = {"email": self.login["email"], "password": self.login["password"]}
        url, status, _, text = self.ask(path)
        for _ in range(6):
            if not self.at_the_door(url):
                return
            forms = [form for form in Page(url, text).forms if form["method"] == "POST"]
            form = next((f for f in forms if any(k == "code" or n == "password" for n, _, k in f["fields"])), None)
            if form is None:
                raise RuntimeError(f"nothing to fill in at {url} ({status})")
            fields = []
            for name, value, kind in form["fields"]:
                if kind == "code":
                    # A code is good once: of two in one step the second is refused.
                    while self.login.get("last_code") == (code := totp(self.login["totp_secret"])):
                        time.sleep(1)
                    value = self.login["last_code"] = code
                fields.append((name, answers.get(name, value)))
            url, status, _, text = self.ask(form["action"], fields)
        raise RuntimeError(f"the login does not end: {url} ({status})")

    def cookies(self):
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar)
