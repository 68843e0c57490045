//! The device authorization grant (RFC 8628), by hand: the `oauth2` crate polls in a sleeping loop with a fixed error
//! type, which keeps no state over a restart and loses Entra's fields. One call here is one request.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

use super::http::Call;
use super::wire::{EntraError, EntraTokens, seconds, text, token};
use super::{Endpoints, Entra, Exchange, Operation, TenantSegment, Tokens};

/// A started device code flow.
#[derive(Clone, Debug)]
pub struct DeviceCode {
    /// To be shown to the person, 4 to 32 letters, digits or dashes.
    pub user_code: SecretString,
    /// Stays in the keeper.
    pub device_code: SecretString,
    /// Page where the code is entered; on one of the configured verification hosts.
    pub verification_uri: Url,
    /// Life of both codes.
    pub expires_in: Duration,
    /// Least wait between polls.
    pub interval: Duration,
    /// Microsoft's sentence to the person, in the asked language; empty when none came.
    pub message: String,
}

/// What one poll says.
#[derive(Debug)]
pub enum Poll {
    /// Not finished: wait the interval.
    Pending,
    /// Add 5 s to the interval for good.
    SlowDown,
    Tokens(Tokens),
}

impl Entra {
    /// Ask for a code. `locale` (e.g. `de-DE`) is the language of `message`.
    pub async fn device_code(
        &self,
        segment: &TenantSegment,
        client_id: Uuid,
        scope: &str,
        locale: Option<&str>,
    ) -> Exchange<DeviceCode> {
        let endpoints = &self.inner.endpoints;
        let mut url = endpoints.at(segment, "oauth2/v2.0/devicecode");
        if let Some(locale) = locale {
            url.query_pairs_mut().append_pair("mkt", locale);
        }
        let client_id = client_id.to_string();
        let form = [("client_id", client_id.as_str()), ("scope", scope)];
        let http = &self.inner.http;
        http.post(Operation::DeviceCode, url, &form)
            .await
            .read(&[], |fields| started(fields, endpoints))
    }

    /// Ask once whether the person has finished. The end of the flow is a failure; [`super::Failure::device`] says which.
    pub async fn poll_device_code(
        &self,
        segment: &TenantSegment,
        client_id: Uuid,
        device_code: &SecretString,
    ) -> Exchange<Poll> {
        let url = self.inner.endpoints.at(segment, "oauth2/v2.0/token");
        let client_id = client_id.to_string();
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", client_id.as_str()),
            ("device_code", device_code.expose_secret()),
        ];
        let http = &self.inner.http;
        let call = http.post(Operation::DevicePoll, url, &form).await;
        if let Some(waiting) = waiting(&call) {
            return Exchange {
                call: call.record,
                outcome: Ok(waiting),
            };
        }
        call.read(&[device_code.expose_secret()], |fields| {
            let read = EntraTokens::try_from(fields.clone())?;
            Ok(Poll::Tokens(Tokens::from(&read)))
        })
    }
}

/// The two answers that look like errors and are none.
fn waiting(call: &Call) -> Option<Poll> {
    let reply = call.reply.as_ref().ok()?;
    if reply.status == 429 || reply.status >= 500 {
        return None;
    }
    let error = EntraError::try_from(reply.object()?).ok()?;
    match error.error.as_str() {
        "authorization_pending" => Some(Poll::Pending),
        "slow_down" => Some(Poll::SlowDown),
        _ => None,
    }
}

/// Accept a device code answer: the codes well-formed, the page on a listed host.
pub(super) fn started(
    fields: &Map<String, Value>,
    endpoints: &Endpoints,
) -> Result<DeviceCode, &'static str> {
    let user_code = text(fields, "user_code")
        .filter(|code| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            (4..=32).contains(&code.len()) && code.bytes().all(allowed)
        })
        .ok_or("user_code is missing or odd")?;
    let verification_uri = text(fields, "verification_uri")
        .or_else(|| text(fields, "verification_url"))
        .and_then(|page| Url::parse(&page).ok())
        .ok_or("verification_uri is missing or odd")?;
    if !endpoints.allows_verification(&verification_uri) {
        return Err("verification_uri is not on a known host");
    }
    Ok(DeviceCode {
        user_code: user_code.into(),
        device_code: token(fields, "device_code")?
            .ok_or("device_code is missing")?
            .into(),
        verification_uri,
        expires_in: seconds(fields, "expires_in", 1..=86_400)
            .ok_or("expires_in is missing or odd")?,
        // RFC 8628 section 3.2: 5 seconds when absent.
        interval: seconds(fields, "interval", 1..=300).unwrap_or(Duration::from_secs(5)),
        message: text(fields, "message")
            .filter(|message| message.len() <= 2_000)
            .unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(change: impl FnOnce(&mut Value)) -> Result<DeviceCode, &'static str> {
        let mut answer = json!({"user_code":"B6SUYU5PL","device_code":"BAQABAAEAAAD-secret",
            "verification_uri":"https://microsoft.com/devicelogin","expires_in":900,"interval":5,"message":"To sign in, …"});
        change(&mut answer);
        started(answer.as_object().unwrap(), &Endpoints::global())
    }

    #[test]
    fn the_documented_answer_is_read() {
        let code = read(|_| {}).unwrap();
        assert_eq!(code.user_code.expose_secret(), "B6SUYU5PL");
        assert_eq!(
            (code.expires_in.as_secs(), code.interval.as_secs()),
            (900, 5)
        );
        assert!(
            !format!("{code:?}").contains("secret") && !format!("{code:?}").contains("B6SUYU5PL")
        );
    }

    #[test]
    fn older_and_lazier_answers_are_read_too() {
        let code = read(|answer| {
            answer["expires_in"] = json!("900");
            answer["interval"] = json!("7");
            answer["verification_url"] = json!("https://login.microsoft.com/device");
            answer.as_object_mut().unwrap().remove("verification_uri");
        })
        .unwrap();
        assert_eq!(code.interval.as_secs(), 7);
        assert_eq!(
            code.verification_uri.host_str(),
            Some("login.microsoft.com")
        );
        assert_eq!(
            read(|answer| answer["interval"] = json!(0))
                .unwrap()
                .interval
                .as_secs(),
            5
        );
    }

    #[test]
    fn a_foreign_page_or_an_odd_code_is_refused() {
        for (field, bad) in [
            (
                "verification_uri",
                json!("https://evil.example/devicelogin"),
            ),
            ("verification_uri", json!("javascript:alert(1)")),
            ("verification_uri", json!(null)),
            ("user_code", json!("<b>AB</b>")),
            ("user_code", json!("")),
            ("device_code", json!("")),
            ("device_code", json!(7)),
            ("expires_in", json!(0)),
            ("expires_in", json!(null)),
        ] {
            assert!(
                read(|answer| answer[field] = bad.clone()).is_err(),
                "{field} = {bad}"
            );
        }
    }

    proptest! {
        #[test]
        fn odd_texts_never_panic(user in ".*", page in ".*", code in ".*", life in any::<i64>()) {
            let _ = read(|answer| *answer = json!({"user_code":user,"verification_uri":page,"device_code":code,"expires_in":life}));
        }
    }
}
