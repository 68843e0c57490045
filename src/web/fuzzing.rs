//! For fuzzing: what browsers send, as it is read before any handler decides.

use std::net::{IpAddr, Ipv4Addr};

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, HeaderValue, header};
use axum_extra::extract::cookie::CookieJar;
use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use url::Url;

use super::kit::form::{Form, Query};
use super::kit::paging::Paging;
use super::kit::peer;
use super::parts::invitations::ListQuery;
use super::{console, login, onboarding};
use crate::domain::cells;
use crate::fuzzing::Target;

pub(crate) const TARGETS: [Target; 6] = [COOKIES, FORMS, QUERIES, FORWARDED_FOR, NEXT, CSV];

/// A form as the body of a POST.
pub(super) fn form<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let request = Request::post("/")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.to_owned()))
        .ok()?;
    let read = Form::<T>::from_request(request, &()).now_or_never()?;
    read.ok().map(|Form(form)| form)
}

/// A query behind a question mark.
pub(super) fn query<T: DeserializeOwned>(query: &[u8]) -> Option<T> {
    let query = std::str::from_utf8(query).ok()?;
    let (mut parts, ()) = Request::get(format!("/?{query}"))
        .body(())
        .ok()?
        .into_parts();
    let read = Query::<T>::from_request_parts(&mut parts, &()).now_or_never()?;
    read.ok().map(|Query(query)| query)
}

/// The cookie header.
const COOKIES: Target = Target {
    name: "cookies",
    seeds: &[
        b"__Host-inv=inv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; __Host-flow=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        b"sid=AAAAAAAAAAAAAAAAAAAAAA; inv=\"x\"; =; ;;",
    ],
    run: |bytes| {
        let Ok(value) = HeaderValue::from_bytes(bytes) else {
            return;
        };
        let headers = HeaderMap::from_iter([(header::COOKIE, value)]);
        let jar = CookieJar::from_headers(&headers);
        for cookie in jar.iter() {
            let _ = cookie.value().parse::<tower_sessions::session::Id>();
            let _ = crate::domain::invitation::LinkToken::parse(cookie.value());
        }
    },
};

/// Bodies of the onboarding's and the console's forms.
const FORMS: Target = Target {
    name: "forms",
    seeds: &[
        b"method=device_code&admin_username=admin%40contoso.example&someone_else=yes",
        b"pin=1234+5678",
        b"short_name=contoso&full_name=Contoso&domain=contoso.example&tags=a%2Cb&resource_graph=required",
        b"tenant=00000000-0000-0000-0000-000000000000&tenant=x&back=state%3Ddead",
    ],
    run: |bytes| {
        onboarding::read_forms(bytes);
        console::read_forms(bytes);
    },
};

/// Queries of lists, saved views and returns.
const QUERIES: Target = Target {
    name: "queries",
    seeds: &[
        b"q=contoso&state=needs_consent&cause=consent_missing&mode=auth_token&tag=vip&snoozed=yes&expires=2026-02-30&sort=name&dir=desc&after=eyJ&n=3",
        b"state=abc&code=0.def&error=access_denied&error_description=AADSTS65004%3A+declined",
        b"page=-1&size=99999999999&q=%00",
    ],
    run: |bytes| {
        onboarding::read_queries(bytes);
        console::read_queries(bytes);
        if let Some(asked) = query::<ListQuery>(bytes) {
            let paging = Paging::new(asked.page, asked.size);
            assert!(paging.size >= 1 && paging.offset() >= 0);
        }
    },
};

/// `X-Forwarded-For` behind a trusted proxy.
const FORWARDED_FOR: Target = Target {
    name: "forwarded_for",
    seeds: &[
        b"203.0.113.7, 10.0.0.1",
        b"[2001:db8::1]:443, ::ffff:10.0.0.9, unknown",
        b",,, ,",
    ],
    run: |bytes| {
        let Ok(value) = HeaderValue::from_bytes(bytes) else {
            return;
        };
        let headers =
            HeaderMap::from_iter([(header::HeaderName::from_static("x-forwarded-for"), value)]);
        let proxy = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
        let stranger = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 9));
        let Ok(trusted) = "10.0.0.0/8".parse() else {
            return;
        };
        let _ = peer::browser(proxy, &headers, &[trusted]);
        assert_eq!(peer::browser(stranger, &headers, &[trusted]), stranger);
    },
};

/// Where to go after the login.
const NEXT: Target = Target {
    name: "next",
    seeds: &[
        b"/tenants/contoso?from=status",
        b"//evil.example",
        b"/\\evil.example",
        b"https://portal.example/tenants",
        b"/login?next=/login",
        b"/\t/evil.example",
    ],
    run: |bytes| {
        let Ok(base) = Url::parse("https://portal.example") else {
            return;
        };
        let next = login::destination(&String::from_utf8_lossy(bytes), &base);
        let lands = base.join(&next);
        assert!(
            lands.is_ok_and(|url| url.origin() == base.origin()),
            "{next:?} leads away"
        );
    },
};

/// Hostile text in a cell of an export.
const CSV: Target = Target {
    name: "csv",
    seeds: &[b"=cmd|' /C calc'!A0", b"a,\"b\"\r\nc", b"\0=1+1"],
    run: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let line = cells::line(["first", &text, "last"]);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(line.as_bytes());
        let record = reader.records().next().and_then(Result::ok);
        let cells: Vec<String> = record
            .map(|record| record.iter().map(str::to_owned).collect())
            .unwrap_or_default();
        let [first, cell, last] = <[String; 3]>::try_from(cells).unwrap_or_default();
        assert_eq!(
            [first, last],
            ["first", "last"],
            "a cell was left: {line:?}"
        );
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']);
        assert!(!formula, "a spreadsheet would run {line:?}");
        assert_eq!(cells::plain(&cell), text, "it does not come back");
    },
};
