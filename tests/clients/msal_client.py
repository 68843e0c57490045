"""Microsoft's MSAL for Python against the Entra simulator.

Reads one JSON object on standard input (addresses, application, people), goes through every flow, and prints what the
library made of it as one JSON object. The Rust test judges.
"""

import json
import sys
from urllib.parse import parse_qsl, urlsplit

import msal
import requests

SCOPES = ["https://graph.microsoft.com/User.Read"]
DEFAULT = ["https://graph.microsoft.com/.default"]

given = json.load(sys.stdin)
base, ca, tenant = given["url"].rstrip("/"), given["ca"], given["tenant"]


def control(path, body):
    answer = requests.post(f"{base}/control/api/{path}", json=body, verify=ca, timeout=20)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def settings(segment):
    return {
        "authority": f"{base}/{segment}",
        "instance_discovery": False,
        "verify": ca,
    }


def brief(answer):
    """The parts of an answer that the test looks at; never a token."""
    keys = ("error", "suberror", "error_codes", "token_source", "token_type")
    told = {key: answer[key] for key in keys if key in answer}
    told["access_token"] = "access_token" in answer
    told["claims"] = {
        key: answer["id_token_claims"][key]
        for key in ("tid", "preferred_username")
        if "id_token_claims" in answer
    }
    return told


def confidential(credential):
    return msal.ConfidentialClientApplication(
        given["client_id"], client_credential=credential, **settings(tenant)
    )


def device_code(seen):
    app = msal.PublicClientApplication(given["client_id"], **settings("organizations"))
    flow = app.initiate_device_flow(SCOPES)
    control("device/approve", {"user_code": flow["user_code"], "upn": given["upn"]})
    seen["device_code"] = brief(app.acquire_token_by_device_flow(flow))
    account = app.get_accounts()[0]
    seen["account"] = account["username"]
    seen["cached"] = brief(app.acquire_token_silent(SCOPES, account))
    seen["silent"] = brief(app.acquire_token_silent(SCOPES, account, force_refresh=True))
    exchange = ["https://outlook.office365.com/.default"]
    seen["other_resource"] = brief(app.acquire_token_silent(exchange, account))
    control("kill", {"user": given["upn"], "cause": "sessions_revoked"})
    seen["killed"] = brief(
        app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
    )
    declined = app.initiate_device_flow(SCOPES)
    control("device/decline", {"user_code": declined["user_code"]})
    seen["declined"] = brief(app.acquire_token_by_device_flow(declined))


def app_only(seen):
    right = confidential(given["secret"])
    seen["secret"] = brief(right.acquire_token_for_client(DEFAULT))
    wrong = confidential("not-the-secret")
    seen["wrong_secret"] = brief(wrong.acquire_token_for_client(DEFAULT))
    certificate = confidential(
        {
            "private_key": given["private_key"],
            "public_certificate": given["certificate"],
        }
    )
    seen["certificate"] = brief(certificate.acquire_token_for_client(DEFAULT))


def authorization_code(seen):
    app = confidential(given["secret"])
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=given["redirect_uri"])
    landed = control("authorize", {"url": flow["auth_uri"], "upn": given["upn"]})
    query = dict(parse_qsl(urlsplit(landed["redirect"]).query))
    seen["code"] = brief(app.acquire_token_by_auth_code_flow(flow, query))
    account = app.get_accounts()[0]
    seen["code_silent"] = brief(
        app.acquire_token_silent(SCOPES, account, force_refresh=True)
    )


seen = {"version": msal.__version__}
device_code(seen)
app_only(seen)
authorization_code(seen)
json.dump(seen, sys.stdout)
