//! Hand-outs of tokens that are stored and still live, many in one transaction. A crowd of scripts asks for tokens that were
//! refreshed minutes ago; what each of them costs then is a lookup, a decryption, and a share of a commit.

use std::collections::HashMap;

use secrecy::ExposeSecret;
use time::Duration;

use super::core::Shared;
use super::message::quick::{Quick, QuickReply};
use super::resource::Resource;
use super::seal::Purpose;
use super::store::quick::{self, Found};
use super::store::tokens;
use super::text::Text;
use super::trouble::Trouble;

/// As many as one message carries back, with tokens of the usual length.
pub(super) const MOST: usize = 64;
/// Room for tokens in one answer; whoever finds none asks by itself. A message has 256 KiB.
const ROOM: usize = 192 * 1024;
/// Nobody is given a token that ends sooner, as with a hand-out by itself.
const LEAST: Duration = Duration::minutes(5);

/// One answer for each question, in their order.
pub(super) async fn hand_out(core: &Shared, asked: Vec<Quick>) -> Result<Vec<QuickReply>, Trouble> {
    let asked: Vec<Quick> = asked.into_iter().take(MOST).collect();
    let found = quick::hand_out(&core.pool, &asked, LEAST, core.clock.now()).await?;
    let mut by_place: HashMap<i32, Found> = found.into_iter().map(|one| (one.n, one)).collect();
    let mut replies = Vec::with_capacity(asked.len());
    let mut room = ROOM;
    for (n, one) in (0..).zip(&asked) {
        let reply = match by_place.remove(&n) {
            None => QuickReply::NotQuick,
            Some(found) => settle(core, one, found, &mut room).await,
        };
        replies.push(reply);
    }
    Ok(replies)
}

async fn settle(core: &Shared, asked: &Quick, found: Found, room: &mut usize) -> QuickReply {
    let (Some(acquired_at), Some(expires_at), Some(ct)) =
        (found.acquired_at, found.expires_at, &found.ct)
    else {
        return QuickReply::Stale {
            tenant_id: found.tenant_id,
        };
    };
    if !found.given {
        return if found.calls_used > asked.calls {
            QuickReply::CallsFull {
                used: found.calls_used,
            }
        } else if found.tenant_used > asked.tenant_hand_outs {
            QuickReply::TenantFull {
                used: found.tenant_used,
            }
        } else {
            QuickReply::KeyFull { used: found.used }
        };
    }
    let Ok(resource) = asked.resource.parse::<Resource>() else {
        return QuickReply::NotQuick;
    };
    let row_id = tokens::row_id(found.connection_id.into(), resource);
    let place = tokens::place(found.tenant_id.into(), &row_id, acquired_at);
    let token = core.vault.open_text(Purpose::AccessToken, &place, ct).await;
    // Noted and not given, here and below: the log says one hand-out more than there was. By itself it is asked for once more,
    // and whoever asks is told what is wrong.
    let Ok(token) = token else {
        return QuickReply::NotQuick;
    };
    let token = token.expose_secret();
    let Some(left) = room.checked_sub(token.len() + 512) else {
        return QuickReply::NotQuick;
    };
    *room = left;
    QuickReply::Given {
        access_token: Text::new(token),
        expires_at,
        tenant_id: found.tenant_id,
        short_name: found.short_name,
        used: found.used,
    }
}
