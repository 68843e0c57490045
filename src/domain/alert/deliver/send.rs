//! One attempt: by mail or by a call, outside any transaction. Nothing is written down here.

use serde::Deserialize as _;
use uuid::Uuid;

use super::{Claimed, Courier, Outcome};
use crate::domain::alert::{ChannelKind, Message, Step, format, store};
use crate::keeper::message::alerts::{Answer, Ask};
use crate::keeper::message::{Reply, Request};
use crate::mail::{AlertLetter, SendError};

/// Send it. Nothing is written.
pub async fn send(courier: &Courier, claimed: &Claimed) -> Outcome {
    let (Some(kind), Ok(message)) = (
        ChannelKind::from_word(&claimed.kind),
        Message::deserialize(&claimed.content),
    ) else {
        return Outcome::failed("not readable");
    };
    if kind.is_mail() {
        mail(courier, claimed, kind, &message).await
    } else {
        post(courier, claimed, kind, &message).await
    }
}

async fn mail(
    courier: &Courier,
    claimed: &Claimed,
    kind: ChannelKind,
    message: &Message,
) -> Outcome {
    let Some(mailer) = &courier.mailer else {
        return Outcome::failed("no mail server");
    };
    let to = match recipients(courier, claimed, kind).await {
        Ok(to) if to.is_empty() => return Outcome::failed("no recipient"),
        Ok(to) => to,
        Err(error) => {
            tracing::warn!(%error, "recipients cannot be read");
            return Outcome::failed("database");
        }
    };
    let letter = AlertLetter {
        to,
        subject: subject(kind, message),
        title: message.title.clone(),
        text: message.text.clone(),
        facts: message.facts.clone(),
        link: message.link.clone(),
        msp_name: courier.msp_name.clone(),
        id: claimed.id.to_string(),
        thread: message.ticket.to_lowercase(),
    };
    match mailer.send_alert(&letter).await {
        Ok(()) => Outcome {
            ok: true,
            word: "accepted",
        },
        Err(SendError::Unreachable(_)) => Outcome::failed("mail server unreachable"),
        Err(SendError::Refused(_)) => Outcome::failed("mail server refused"),
        Err(SendError::Address(_) | SendError::Composition(_)) => Outcome::failed("address"),
    }
}

async fn recipients(
    courier: &Courier,
    claimed: &Claimed,
    kind: ChannelKind,
) -> Result<Vec<String>, sqlx::Error> {
    if kind != ChannelKind::Owners {
        return Ok(claimed.recipients.clone());
    }
    let mut op = courier.begin().await?;
    store::channels::owners(&mut op).await
}

/// A ticket's subject begins with its key, by which a PSA finds the ticket, and says when to close it.
fn subject(kind: ChannelKind, message: &Message) -> String {
    match (kind.is_ticket(), message.step) {
        (true, Step::Closed) => format!("[{}] Closed: {}", message.ticket, message.title),
        (true, _) => format!("[{}] {}", message.ticket, message.title),
        (false, _) => message.title.clone(),
    }
}

async fn post(
    courier: &Courier,
    claimed: &Claimed,
    kind: ChannelKind,
    message: &Message,
) -> Outcome {
    let body = match kind {
        ChannelKind::Teams => format::teams(message),
        ChannelKind::Slack => format::slack(message),
        ChannelKind::TicketWebhook => format::ticket(message),
        _ => format::webhook(message),
    }
    .to_string();
    call(courier, claimed.channel_id, claimed.id, kind, body).await
}

/// Have the keeper name the address and sign, and call it.
pub(in crate::domain::alert) async fn call(
    courier: &Courier,
    channel: Uuid,
    id: Uuid,
    kind: ChannelKind,
    body: String,
) -> Outcome {
    let message_id = format!("msg_{}", id.simple());
    // Receivers compare it with the clock on their wall.
    let timestamp = courier.clock.wall().unix_timestamp();
    let ask = Ask::Prepare {
        channel_id: channel,
        message_id: message_id.clone(),
        timestamp,
        body: body.clone(),
    };
    let (url, signature) = match courier.keeper.ask(Request::Alerts(ask)).await {
        Ok(Reply::Alerts(Answer::Prepared { url, signature })) => (url, signature),
        Ok(_) => return Outcome::failed("address cannot be opened"),
        Err(_) => return Outcome::failed("keeper away"),
    };
    let timestamp = timestamp.to_string();
    let headers = [
        ("webhook-id", message_id.as_str()),
        ("webhook-timestamp", timestamp.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    let headers = if kind.is_signed() { &headers[..] } else { &[] };
    let called = courier.guard.post(url.expose(), headers, body).await;
    Outcome {
        ok: called.is_ok(),
        word: called.word(),
    }
}
