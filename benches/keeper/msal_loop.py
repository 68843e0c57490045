"""Refreshes with Microsoft's MSAL for Python and a token cache in Postgres, a row per tenant.

Reads one JSON object on standard input and prints one with the figures. Each refresh loads the tenant's cache from its
row, lets MSAL refresh silently, and stores the cache again in a commit of its own.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import local

import msal
import psycopg

SCOPES = ["https://graph.microsoft.com/.default"]
told = json.load(sys.stdin)
here = local()


def database():
    if not hasattr(here, "connection"):
        here.connection = psycopg.connect(told["owner_url"], autocommit=True)
    return here.connection


def application(tenant, cache):
    return msal.PublicClientApplication(
        told["client_id"],
        authority=f"{told['authority']}/{tenant}",
        instance_discovery=False,
        verify=told["ca"],
        token_cache=cache,
    )


def store(row, cache):
    database().execute("update msal_cache set cache = %s where id = %s", (cache.serialize(), row))


def first(grant):
    row, tenant, token = grant
    cache = msal.SerializableTokenCache()
    answer = application(tenant, cache).acquire_token_by_refresh_token(token, SCOPES)
    assert "access_token" in answer, answer
    store(row, cache)


def again(grant):
    row, tenant, _ = grant
    cache = msal.SerializableTokenCache()
    cache.deserialize(database().execute("select cache from msal_cache where id = %s", (row,)).fetchone()[0])
    app = application(tenant, cache)
    answer = app.acquire_token_silent(SCOPES, app.get_accounts()[0], force_refresh=True)
    assert answer and "access_token" in answer, answer
    store(row, cache)


db = database()
db.execute("create table if not exists msal_cache (id bigint primary key, cache text not null default '{}')")
db.execute("insert into msal_cache (id) select id from bare_tokens on conflict do nothing")
grants = db.execute(
    "select id, entra_tenant_id::text, refresh_token from bare_tokens order by id limit %s", (told["count"],)
).fetchall()
with ThreadPoolExecutor(told["threads"]) as pool:
    list(pool.map(first, grants))
    start, cpu = time.monotonic(), time.process_time()
    list(pool.map(again, grants))
    seconds, cpu = time.monotonic() - start, time.process_time() - cpu
print(json.dumps({"count": len(grants), "seconds": seconds, "cpu_seconds": cpu, "rss_kib": 0}))
