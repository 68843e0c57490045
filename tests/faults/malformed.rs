//! Answers of the token endpoint as they must not be: each a way to spoil a good one. The good one has been given; what
//! reaches the keeper is what stands here.

use serde_json::{Value, json};

/// What a way of spoiling has to work with.
pub struct Good {
    /// The good answer's JSON.
    pub body: Value,
    /// The last good answer that belonged to another tenant.
    pub others: Option<Value>,
}

/// Name and bytes of a whole HTTP/1.1 answer.
pub type Way = (&'static str, fn(&Good) -> Vec<u8>);

/// The token answer's own `id_token` names somebody else: the keeper quarantines the connection, as it should.
pub const FOREIGN: &str = "id_token of another tenant";

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json; charset=utf-8\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn ok(body: &[u8]) -> Vec<u8> {
    answer("200 OK", "", body)
}

fn text(good: &Good) -> String {
    good.body.to_string()
}

fn with(good: &Good, field: &str, value: Value) -> Vec<u8> {
    let mut body = good.body.clone();
    body[field] = value;
    ok(body.to_string().as_bytes())
}

fn without(good: &Good, field: &str) -> Vec<u8> {
    let mut body = good.body.clone();
    body.as_object_mut().unwrap().remove(field);
    ok(body.to_string().as_bytes())
}

/// `value` is JSON text that no `Value` could hold.
fn with_raw(good: &Good, field: &str, value: &str) -> Vec<u8> {
    let mut body = good.body.clone();
    body[field] = json!("@@");
    ok(body.to_string().replace("\"@@\"", value).as_bytes())
}

fn refused(status: &str, body: &Value) -> Vec<u8> {
    answer(status, "", body.to_string().as_bytes())
}

/// Every way.
pub const WAYS: &[Way] = &[
    ("nothing at all in the body", |_| ok(b"")),
    ("a blank", |_| ok(b" \r\n ")),
    ("JSON cut in the middle", |g| {
        let text = text(g);
        ok(&text.as_bytes()[..text.len() / 2])
    }),
    ("JSON with a tail", |g| {
        ok(format!("{}}}", text(g)).as_bytes())
    }),
    ("two objects", |g| ok(text(g).repeat(2).as_bytes())),
    ("single quotes", |g| {
        ok(text(g).replace('"', "'").as_bytes())
    }),
    ("a comma at the end", |g| {
        ok(text(g).replace('}', ",}").as_bytes())
    }),
    ("a comment in it", |g| {
        ok(text(g).replacen('{', "{/* */", 1).as_bytes())
    }),
    ("an array around it", |g| {
        ok(format!("[{}]", text(g)).as_bytes())
    }),
    ("a string of JSON", |g| {
        ok(json!(text(g)).to_string().as_bytes())
    }),
    ("null", |_| ok(b"null")),
    ("a number", |_| ok(b"1e400")),
    ("true", |_| ok(b"true")),
    ("an empty object", |_| ok(b"{}")),
    ("nesting 20,000 deep", |_| ok(&[b'['; 20_000])),
    ("a byte order mark", |g| {
        ok(format!("\u{feff}{}", text(g)).as_bytes())
    }),
    ("UTF-16", |g| {
        let wide: Vec<u8> = text(g).encode_utf16().flat_map(u16::to_le_bytes).collect();
        ok(&wide)
    }),
    ("bytes that are no UTF-8", |g| {
        let mut bytes = text(g).into_bytes();
        let middle = bytes.len() / 2;
        bytes[middle] = 0xff;
        ok(&bytes)
    }),
    ("NUL in the middle", |g| {
        let mut bytes = text(g).into_bytes();
        bytes.insert(1, 0);
        ok(&bytes)
    }),
    ("no access_token", |g| without(g, "access_token")),
    ("an empty access_token", |g| {
        with(g, "access_token", json!(""))
    }),
    ("access_token null", |g| {
        with(g, "access_token", Value::Null)
    }),
    ("access_token a number", |g| {
        with(g, "access_token", json!(7))
    }),
    ("access_token of two words", |g| {
        with(g, "access_token", json!("two words"))
    }),
    ("access_token over 16 KiB", |g| {
        with(g, "access_token", json!("x".repeat(16 * 1024 + 1)))
    }),
    ("an empty refresh_token", |g| {
        with(g, "refresh_token", json!(""))
    }),
    ("refresh_token a list", |g| {
        with(g, "refresh_token", json!([1]))
    }),
    ("refresh_token over 16 KiB", |g| {
        with(g, "refresh_token", json!("x".repeat(20_000)))
    }),
    ("refresh_token with NUL", |g| {
        with(g, "refresh_token", json!("a\u{0}b"))
    }),
    ("refresh_token with a lone surrogate", |g| {
        with_raw(g, "refresh_token", "\"\\ud800\"")
    }),
    ("refresh_token with a line break", |g| {
        with(g, "refresh_token", json!("a\nb"))
    }),
    ("refresh_token null", |g| {
        with(g, "refresh_token", Value::Null)
    }),
    ("no refresh_token", |g| without(g, "refresh_token")),
    ("refresh_token one letter off", |g| {
        let mut token = g.body["refresh_token"].as_str().unwrap_or("1.A").to_owned();
        token.pop();
        with(g, "refresh_token", json!(token))
    }),
    ("expires_in 0", |g| with(g, "expires_in", json!(0))),
    ("expires_in -1", |g| with(g, "expires_in", json!(-1))),
    ("expires_in 1e99", |g| with_raw(g, "expires_in", "1e99")),
    ("expires_in beyond every integer", |g| {
        with_raw(g, "expires_in", &"9".repeat(400))
    }),
    ("expires_in a word", |g| with(g, "expires_in", json!("abc"))),
    ("expires_in as digits", |g| {
        with(g, "expires_in", json!("3600"))
    }),
    ("no expires_in", |g| without(g, "expires_in")),
    ("token_type pop", |g| with(g, "token_type", json!("pop"))),
    ("token_type a number", |g| with(g, "token_type", json!(1))),
    ("no token_type", |g| without(g, "token_type")),
    ("scope a number", |g| with(g, "scope", json!(5))),
    ("no id_token", |g| without(g, "id_token")),
    ("id_token that is none", |g| {
        with(g, "id_token", json!("a.b.c"))
    }),
    ("id_token signed by nobody", |g| {
        let token = g.body["id_token"].as_str().unwrap_or_default();
        let unsigned = token.rsplit_once('.').map_or("", |(head, _)| head);
        with(g, "id_token", json!(format!("{unsigned}.AAAA")))
    }),
    (FOREIGN, |g| match &g.others {
        Some(others) => with(g, "id_token", others["id_token"].clone()),
        None => without(g, "id_token"),
    }),
    ("duplicate keys", |g| {
        ok(text(g)
            .replacen('{', "{\"refresh_token\":\"1.A\",", 1)
            .as_bytes())
    }),
    ("error beside the tokens", |g| {
        with(g, "error", json!("invalid_grant"))
    }),
    ("an error with status 200", |_| {
        ok(br#"{"error":"temporarily_unavailable","error_description":"AADSTS90033: A transient error has occurred."}"#)
    }),
    ("invalid_grant without a number", |_| {
        refused("400 Bad Request", &json!({"error":"invalid_grant"}))
    }),
    ("invalid_grant with a number nobody knows", |_| {
        refused(
            "400 Bad Request",
            &json!({"error":"invalid_grant","error_codes":[99_999_999],
            "error_description":"AADSTS99999999: Something new."}),
        )
    }),
    ("an error that is an object", |_| {
        refused(
            "400 Bad Request",
            &json!({"error":{"code":"x","message":"y"}}),
        )
    }),
    ("an HTML page with status 200", |_| {
        ok(b"<!DOCTYPE html><html><body>Sign in to your account</body></html>")
    }),
    ("an HTML page of an outage", |_| {
        answer(
            "503 Service Unavailable",
            "",
            b"<h2>Our services aren't available right now</h2>",
        )
    }),
    ("a redirect", |_| {
        answer("302 Found", "location: https://example.invalid/\r\n", b"")
    }),
    ("status 204 with a body", |g| {
        answer("204 No Content", "", text(g).as_bytes())
    }),
    ("status 201", |g| {
        answer("201 Created", "", text(g).as_bytes())
    }),
    ("status 418", |_| answer("418 I'm a teapot", "", b"{}")),
    ("status 499", |g| answer("499 x", "", text(g).as_bytes())),
    ("status 599", |g| answer("599 x", "", text(g).as_bytes())),
    ("status 100 and nothing more", |_| {
        b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()
    }),
    ("status 101", |_| {
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".to_vec()
    }),
    ("gzip that nobody asked for", |g| {
        answer("200 OK", "content-encoding: gzip\r\n", text(g).as_bytes())
    }),
    ("10 MiB of blanks", |_| ok(&vec![b' '; 10 * 1024 * 1024])),
    ("chunks that are no chunks", |g| {
        let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec();
        bytes.extend(text(g).bytes());
        bytes
    }),
    ("a chunk of every length", |_| {
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{".to_vec()
    }),
    ("a length that is too long", |g| {
        let text = text(g);
        let mut bytes = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
            text.len() + 100
        )
        .into_bytes();
        bytes.extend(text.bytes());
        bytes
    }),
    ("a length that is too short", |g| {
        let mut bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n".to_vec();
        bytes.extend(text(g).bytes());
        bytes
    }),
    ("a length that is no number", |_| {
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{}".to_vec()
    }),
    ("two lengths", |_| {
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 40\r\n\r\n{}".to_vec()
    }),
    ("a thousand headers", |_| {
        let mut bytes = b"HTTP/1.1 200 OK\r\n".to_vec();
        for number in 0..1000 {
            bytes.extend(format!("x-h{number}: {}\r\n", "y".repeat(100)).bytes());
        }
        bytes.extend(b"content-length: 2\r\n\r\n{}");
        bytes
    }),
    ("no HTTP", |_| {
        b"\x00\x01\x02SSH-2.0-OpenSSH\r\n\r\n".to_vec()
    }),
    ("HTTP/0.9", |g| text(g).into_bytes()),
];
