//! The reader against real errors from public threads, wrappers it has not seen, and nonsense.

use std::time::Instant;

use proptest::prelude::*;

use super::*;

#[derive(serde::Deserialize)]
struct Sample {
    raw: String,
    code: Option<u32>,
    category: String,
    source: String,
}

fn samples() -> Vec<Sample> {
    parsed(include_str!("../../../tests/fixtures/error-samples.jsonl"))
}

/// Made up after the manner of libraries, shells, pages and logs, apart from the rules: what they did not read was mended
/// in the rules and never for one sample.
fn own_samples() -> Vec<Sample> {
    parsed(include_str!(
        "../../../tests/fixtures/own-error-samples.jsonl"
    ))
}

fn parsed(lines: &str) -> Vec<Sample> {
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is one sample"))
        .collect()
}

/// Samples whose category is not read, by source, each with the reason.
const NOT_READ: [(&str, &str); 0] = [];

#[test]
fn reads_code_and_category_of_every_real_sample() {
    mostly_right(&samples());
}

#[test]
fn reads_code_and_category_of_samples_in_further_dresses() {
    mostly_right(&own_samples());
}

#[track_caller]
fn mostly_right(samples: &[Sample]) {
    let wrong: Vec<_> = samples
        .iter()
        .filter_map(|sample| {
            let found = read(sample.raw.as_bytes());
            let right = found.code == sample.code && found.category.as_str() == sample.category;
            (!right).then_some((sample.source.as_str(), found.code, found.category))
        })
        .collect();
    let unexplained: Vec<_> = wrong
        .iter()
        .filter(|(source, ..)| !NOT_READ.iter().any(|(known, _)| known == source))
        .collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    assert!(
        wrong.len() * 20 <= samples.len(),
        "less than 95 % are right"
    );
}

type Wrap<'a> = &'a dyn Fn(&str) -> String;

/// Every sample again in wrappers that none of them has: still the same number and category.
#[test]
fn reads_every_sample_through_further_wrappers() {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let percent =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let wrappers: [(&str, Wrap); 7] = [
        ("JSON in a log line", &|raw| {
            format!(
                "2026-03-02 08:15:42 ERROR [worker-3] refresh: {{\"body\":{}}}",
                json(raw)
            )
        }),
        ("JSON twice", &|raw| {
            format!("{{\"m\":{}}}", json(&json(raw)))
        }),
        ("redirect", &|raw| {
            format!("https://portal.example/cb?state=1&message={}", percent(raw))
        }),
        ("page", &|raw| {
            let escaped = raw
                .replace('&', "&amp;")
                .replace('"', "&quot;")
                .replace('<', "&lt;");
            format!("<html><body><div class=\"e\">{escaped}</div></body></html>")
        }),
        ("doubled quotes", &|raw| {
            format!("\"id\",\"{}\"", raw.replace('"', "\"\""))
        }),
        ("console margin", &|raw| {
            format!("Line |\n  2 | {}", raw.replace('\n', "\r\n     | "))
        }),
        ("stack behind", &|raw| {
            format!(
                "{raw}\n   at Microsoft.Identity.Client.OAuth2.OAuth2Client.SendTokenRequestAsync()"
            )
        }),
    ];
    for sample in samples().into_iter().chain(own_samples()) {
        let bare = read(sample.raw.as_bytes());
        for (name, wrap) in wrappers {
            let found = read(wrap(&sample.raw).as_bytes());
            assert_eq!(
                (found.code, found.category),
                (bare.code, bare.category),
                "{name}: {}",
                sample.source
            );
        }
    }
}

#[test]
fn reads_wrappers_of_other_libraries() {
    let cases = [
        (
            // msal-node 3
            "InteractionRequiredAuthError: invalid_grant: Error(s): 50076 - Timestamp: 2026-01-05 08:00:00Z - Description: AADSTS50076: Due to a configuration change … - Correlation ID: 9f8e7d6c-0000-4000-8000-00000000c0de - Trace ID: 0a1b2c3d-0000-4000-8000-00000000a100",
            Some(50_076),
            Category::MfaRequired,
        ),
        (
            // msal-browser, logged as an object
            r#"{"errorCode":"invalid_grant","errorMessage":"700082: The token is idle","subError":"bad_token","errorNo":700082}"#,
            Some(700_082),
            Category::ExpiredInactive,
        ),
        (
            // PHP print_r
            "Array\n(\n    [error] => invalid_client\n    [error_description] => AADSTS7000222: keys expired\n    [error_codes] => Array\n        (\n            [0] => 7000222\n        )\n)",
            Some(7_000_222),
            Category::AppCredentialExpired,
        ),
        (
            // Graph sign-in log
            r#"{"status":{"errorCode":53003,"failureReason":"Access has been blocked"}}"#,
            Some(53_003),
            Category::ConditionalAccess,
        ),
        (
            // Go oauth2
            "oauth2: cannot fetch token: 400 Bad Request\nResponse: {\"error\":\"invalid_grant\",\"error_description\":\"AADSTS700082: The refresh",
            Some(700_082),
            Category::ExpiredInactive,
        ),
        (
            // terraform, wrapped in a box
            "│ Error: building client: unable to obtain access token: running Azure CLI: exit status 1: ERROR:\n│ AADSTS70043: The refresh token has expired",
            Some(70_043),
            Category::SignInFrequency,
        ),
        (
            // Entra's login page configuration
            r#"$Config={"iErrorCode":50058,"strMainMessage":"We couldn't sign you in","correlationId":"9f8e7d6c-0000-4000-8000-00000000c0de"}"#,
            Some(50_058),
            Category::SessionRevoked,
        ),
        (
            "700027: AADSTS700027: Client assertion contains an invalid signature. [Reason - The key used is expired., Thumbprint of key used by client: 'AB', Found key 'Start=06/29/2021 21:13:15, End=06/29/2023 21:13:15']",
            Some(700_027),
            Category::AppCredentialExpired,
        ),
        (
            r#"{"error":"invalid_client","error_description":"AADSTS70002: The request body must contain the following parameter: 'client_secret or client_assertion'.","error_codes":[70002]}"#,
            Some(70_002),
            Category::AppMisconfigured,
        ),
        (
            "AADSTS16000: Session is invalid due to expiration or recent password change.",
            Some(16_000),
            Category::SessionRevoked,
        ),
        (r#"{"error":"invalid_grant"}"#, None, Category::Unknown),
        (
            r#"{"error":"invalid_client"}"#,
            None,
            Category::AppCredentialInvalid,
        ),
        (
            "AADSTS5009999: Something quite new.",
            Some(5_009_999),
            Category::Unknown,
        ),
        (
            "MSIS7065: There are no registered protocol handlers",
            None,
            Category::Federation,
        ),
        (
            "curl: (22) The requested URL returned error: 429",
            None,
            Category::Throttled,
        ),
        (
            "<html><title>502 Bad Gateway</title>",
            None,
            Category::MicrosoftOutage,
        ),
    ];
    for (raw, code, category) in cases {
        let found = read(raw.as_bytes());
        assert_eq!((found.code, found.category), (code, category), "{raw}");
    }
}

#[test]
fn reads_what_support_asks_for_and_shows_the_bare_sentence() {
    let found = read(
        br#"{"error":"invalid_grant","error_description":"AADSTS50173: The grant is revoked.\r\nTrace ID: 0a1b2c3d-0000-4000-8000-00000000a100\r\nCorrelation ID: 9f8e7d6c-0000-4000-8000-00000000c0de\r\nTimestamp: 2026-03-02 08:15:42Z","suberror":"bad_token"}"#,
    );
    assert_eq!(found.error.as_deref(), Some("invalid_grant"));
    assert_eq!(found.suberror.as_deref(), Some("bad_token"));
    assert_eq!(found.message, "AADSTS50173: The grant is revoked.");
    assert_eq!(
        found.trace_id.as_deref(),
        Some("0a1b2c3d-0000-4000-8000-00000000a100")
    );
    assert_eq!(
        found.correlation_id.as_deref(),
        Some("9f8e7d6c-0000-4000-8000-00000000c0de")
    );
    assert_eq!(
        found.timestamp,
        Some(time::macros::datetime!(2026-03-02 08:15:42 UTC))
    );
}

#[test]
fn a_message_never_shows_a_secret() {
    let token = format!("1.{}", "aB3-".repeat(300));
    let found = read(format!("failed with refresh_token={token} and AADSTS?").as_bytes());
    assert!(!found.message.contains("aB3-"), "{}", found.message);
    assert!(found.message.contains("[hidden]"));
}

#[test]
fn a_known_status_tells_what_an_empty_body_does_not() {
    assert_eq!(read_answer(Some(429), b"").category, Category::Throttled);
    assert_eq!(
        read_answer(Some(503), b"<html>").category,
        Category::MicrosoftOutage
    );
    assert_eq!(read_answer(Some(400), b"").category, Category::Unknown);
}

/// Much of what costs most in each step, then a whole megabyte of it mixed; quadratic work would
/// take hours.
#[test]
fn reads_a_megabyte_of_nonsense_in_seconds() {
    let pieces = [
        "\\",
        "\\\\\"",
        "\\u00",
        "%25",
        "%252525",
        "&amp;",
        "&",
        "<a ",
        "<",
        "a\n",
        "AADSTS\n",
        "AADSTS5\n0\n1",
        "\"error_codes\":[",
        "error_codes 1",
        "error_description=+&",
        "\"\"a",
        "trace_id: ",
        "suberror=a ",
        "error=invalid_grant ",
        "status: 50",
        "issued on '",
        " - [",
        "eyJ",
        "Q~a",
        "1",
        "\u{fffd}é",
        "\x1b[3",
        "msis",
        "AADSTS50076 ",
        "code: Abcdefgh ",
    ];
    let each = MAX_BYTES / pieces.len();
    let runs: Vec<String> = pieces
        .iter()
        .map(|piece| piece.repeat(each / piece.len()))
        .collect();
    let started = Instant::now();
    for text in runs.iter().chain([&runs.concat()]) {
        decide(&read(text.as_bytes()), &Facts::default());
    }
    let seconds = started.elapsed().as_secs();
    assert!(seconds < 60, "two megabytes took {seconds} s");
}

proptest! {
    #[test]
    fn any_bytes_are_read(raw in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let found = read(&raw);
        prop_assert!(found.message.chars().count() <= 800);
        decide(&found, &Facts::default());
        mask(&String::from_utf8_lossy(&raw));
    }

    #[test]
    fn any_mix_of_known_pieces_is_read(pieces in proptest::collection::vec(piece(), 0..40)) {
        let found = read(pieces.concat().as_bytes());
        let decision = decide(&found, &Facts::default());
        prop_assert!(!decision.headline.is_empty());
        prop_assert!(!decision.remedy.is_empty());
        prop_assert!(!decision.evidence.is_empty());
    }

    #[test]
    fn a_number_of_the_catalogue_is_found_anywhere(
        row in proptest::sample::select(catalogue()),
        before in "[ -$&-;=-\\[\\]-~\n]{0,60}[ (:,]",
        after in "[:. ][ -$&-;=-\\[\\]-~\n]{0,60}",
    ) {
        let found = read(format!("{before}AADSTS{}{after}", row.code).as_bytes());
        prop_assert_eq!(found.code, Some(row.code));
    }

    #[test]
    fn a_secret_is_hidden_wherever_it_stands(
        secret in "[A-Za-z0-9_-]{4,200}",
        field in proptest::sample::select(vec!["refresh_token", "client_secret", "device_code"]),
        quote in proptest::sample::select(vec!["\"", "'", ""]),
    ) {
        prop_assume!(!matches!(secret.as_str(), "null" | "None" | "Basic" | "basic"));
        let masked = mask(&format!("{{{quote}{field}{quote}:{quote}{secret}{quote}}}"));
        prop_assert!(masked.contains("[hidden]"), "{}", masked);
    }
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(vec![
            "AADSTS",
            "50173",
            "70002",
            "\\",
            "\"",
            "\n",
            "\r\n",
            "%",
            "25",
            "error_codes",
            "[",
            "]",
            ":",
            "=",
            "error",
            "suberror",
            "invalid_grant",
            "Trace ID: ",
            "&",
            "<p>",
            "\\u",
            "issued on '",
            "2026-03-02T08:15:42",
            "End=",
            "maximum allowed lifetime for x is ",
            "Retry-After: ",
            "status ",
            "HTTP/1.1 ",
            "é",
            "\u{1b}[",
            "eyJ",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
    ]
}
