//! Channels of alerts: addresses and keys are sealed and opened here, and messages are signed here after Standard Webhooks
//! (<https://www.standardwebhooks.com>). Nothing is sent from here.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::core::Core;
use super::message::Refusal;
use super::message::alerts::{Answer, Ask};
use super::seal::{Opened, Purpose};
use super::store::channels::{self, Secret};
use super::text::Text;
use super::trouble::Trouble;
use crate::clock::random_bytes;

/// Before the base64 of the key.
const PREFIX: &str = "whsec_";

pub(super) async fn answer(core: &Core, ask: Ask) -> Result<Answer, Trouble> {
    match ask {
        Ask::SealAddress {
            channel_id,
            secret_id,
            url,
        } => Ok(Answer::Sealed {
            ciphertext: seal(core, channel_id, secret_id, url.expose().as_bytes()).await?,
        }),
        Ask::MakeSecret {
            channel_id,
            secret_id,
        } => {
            let key = zeroize::Zeroizing::new(random_bytes::<32>());
            Ok(Answer::Made {
                ciphertext: seal(core, channel_id, secret_id, &*key).await?,
                secret: Text::new(format!("{PREFIX}{}", STANDARD.encode(*key))),
            })
        }
        Ask::Prepare {
            channel_id,
            message_id,
            timestamp,
            body,
        } => prepare(core, channel_id, &message_id, timestamp, &body).await,
    }
}

async fn seal(core: &Core, channel: Uuid, id: Uuid, plain: &[u8]) -> Result<Vec<u8>, Trouble> {
    let row_id = channels::row_id(channel, id);
    let place = channels::place(&row_id);
    Ok(core.vault.seal(Purpose::Channel, &place, plain).await?)
}

async fn open(core: &Core, secret: &Secret) -> Result<Opened, Trouble> {
    let row_id = channels::row_id(secret.channel_id, secret.id);
    let place = channels::place(&row_id);
    Ok(core
        .vault
        .open(Purpose::Channel, &place, &secret.ct)
        .await?)
}

async fn prepare(
    core: &Core,
    channel: Uuid,
    message: &str,
    timestamp: i64,
    body: &str,
) -> Result<Answer, Trouble> {
    let mut url = None;
    let mut signatures = Vec::new();
    for secret in channels::of_channel(&core.pool, channel, core.clock.now()).await? {
        let opened = open(core, &secret).await?;
        if secret.is_url {
            let text = std::str::from_utf8(&opened).map_err(|_| Refusal::Quarantined)?;
            url = Some(Text::new(text));
        } else {
            signatures.push(sign(&opened, message, timestamp, body));
        }
    }
    Ok(Answer::Prepared {
        url: url.ok_or(Refusal::NotThere)?,
        signature: signatures.join(" "),
    })
}

/// `v1,` and the base64 of the HMAC-SHA-256 of `id.timestamp.body`.
fn sign(key: &[u8], message: &str, timestamp: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, format!("{message}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_signs_as_the_specification_does() {
        // The example of the reference libraries.
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = sign(
            &key,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
