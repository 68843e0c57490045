//! Hiding secrets in error texts before anybody sees them: tokens, codes, assertions, passwords
//! and client secrets. What is not surely harmless and looks like a secret is hidden too.

/// What stands where a secret stood.
const HIDDEN: &str = "[hidden]";

/// Fields of requests and answers whose value is a secret, lower case.
const FIELDS: [&str; 16] = [
    "access_token",
    "accesstoken",
    "assertion",
    "authorization",
    "client_assertion",
    "client_secret",
    "clientsecret",
    "code_verifier",
    "cookie",
    "device_code",
    "id_token",
    "password",
    "refresh_token",
    "refreshtoken",
    "set-cookie",
    "user_code",
];

/// A run of this many letters and digits without a blank is no word.
const OPAQUE: usize = 100;

/// `text` with everything hidden that is or may be a secret; linear in its length.
pub fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut secret_next = false;
    while !rest.is_empty() {
        let length = rest.find(|c| !is_token(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(length);
        let named = FIELDS.contains(&run.to_ascii_lowercase().trim_matches('-'));
        // `Bearer eyJ…` and Python's `u'…'` are two runs of one value.
        let opens_value = secret_next
            && (matches!(run, "Bearer" | "bearer" | "Basic" | "basic")
                || (matches!(run, "u" | "b") && after.starts_with(['\'', '"'])));
        if !run.is_empty() {
            let hide = (secret_next && !opens_value && !matches!(run, "null" | "None"))
                || looks_secret(run);
            out.push_str(if hide { HIDDEN } else { run });
        }
        let between = after.find(is_token).unwrap_or(after.len());
        let (separator, next) = after.split_at(between);
        out.push_str(separator);
        let assigns = separator.contains([':', '=']) && separator.len() <= 12;
        secret_next = opens_value || (named && assigns);
        rest = next;
    }
    out
}

/// Characters of tokens, JWTs, base64 and Entra's client secrets. The equals sign is left out, since
/// it stands between a field and its value.
fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-.~+/!*$".contains(character)
}

fn looks_secret(run: &str) -> bool {
    let has = |test: fn(&u8) -> bool| run.as_bytes().iter().any(test);
    let jwt = run.starts_with("eyJ") && run.len() >= 20;
    let mixed =
        has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    // Entra's generated client secrets are 34 to 40 characters with `Q~` in front.
    let generated = (30..=64).contains(&run.len()) && run.contains("Q~");
    jwt || generated || (run.len() >= OPAQUE && mixed && !run.contains("//"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_values_of_secret_fields() {
        for text in [
            "grant_type=refresh_token&refresh_token=SECRET&scope=a",
            r#"{"access_token": "SECRET"}"#,
            "{'client_secret': u'SECRET'}",
            "Authorization: Bearer SECRET",
            "client_assertion=SECRET",
            "password=SECRET;",
        ] {
            let masked = mask(text);
            assert!(!masked.contains("SECRET"), "{masked}");
        }
    }

    #[test]
    fn hides_what_looks_like_a_secret_without_a_name() {
        let long = format!("0.AX{}", "oA1b".repeat(40));
        for secret in [
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQ.sig",
            "abc8Q~0123456789abcdefghijklmnopqrstuv",
            &long,
        ] {
            assert_eq!(mask(&format!("got {secret}, no")), "got [hidden], no");
        }
    }

    #[test]
    fn leaves_messages_alone() {
        for text in [
            "must contain the following parameter: 'client_assertion' or 'client_secret'.",
            "AADSTS7000215: Invalid client secret provided. Trace ID: 6bad8289-db4a-49da-8609-0848d8d71700",
            "The refresh_token has expired",
            "äöü = ß",
        ] {
            assert_eq!(mask(text), text);
        }
    }
}
