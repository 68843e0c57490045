//! One call for one resource, and what came of it: Microsoft is asked once, and once more with the token before when the
//! current one is refused. Nothing is written here.

use secrecy::SecretString;
use time::OffsetDateTime;

use super::class::Class;
use super::grant::Grant;
use crate::entra::{
    CallRecord, Entra, Exchange, Expect, Failure, IdTokenError, TokenClass, Tokens,
};
use crate::keeper::app::AppInUse;
use crate::keeper::fault::{Point, reach};
use crate::keeper::store::connections::Connection;

/// What came back.
pub(super) enum Outcome {
    Tokens {
        tokens: Tokens,
        /// By the token before: the current one was refused.
        by_previous: bool,
    },
    Failed {
        failure: Box<Failure>,
        class: Class,
    },
    /// Tokens of another account.
    Foreign {
        what: String,
    },
}

/// The calls made, each with its failure when it had one; the last of them gave the outcome.
pub(super) struct Asked {
    /// The instant of the call that gave the outcome; expiry counts from it.
    pub sent_at: OffsetDateTime,
    pub calls: Vec<(CallRecord, Option<Box<Failure>>)>,
    pub outcome: Outcome,
}

/// Ask for `scope` with the connection's grant.
pub(super) async fn ask(
    entra: &Entra,
    app: &AppInUse,
    connection: &Connection,
    grant: &Grant,
    scope: &str,
) -> Asked {
    let refresh = |token: SecretString| async move {
        entra
            .refresh(
                connection.entra_tenant_id,
                &app.app,
                class_of(connection),
                &token,
                scope,
                None,
            )
            .await
    };
    // Polled in this order: when the point is reached, the request is on its way.
    let sent = async { reach(Point::Sent) };
    let (first, ()) = tokio::join!(biased; refresh(grant.current.clone()), sent);
    let mut asked = Asked {
        sent_at: first.call.started_at,
        calls: Vec::new(),
        outcome: outcome(&first, false),
    };
    asked.note(first);
    let refused =
        matches!(&asked.outcome, Outcome::Failed { class, .. } if class.refuses_the_grant());
    if let Some(previous) = grant.previous.as_ref().filter(|_| refused) {
        let second = refresh(previous.clone()).await;
        let sent_at = second.call.started_at;
        let revived = second.outcome.is_ok();
        let outcome = outcome(&second, true);
        asked.note(second);
        if revived {
            asked.outcome = outcome;
            asked.sent_at = sent_at;
        }
    }
    asked.check_account(entra, app, connection).await;
    asked
}

impl Asked {
    fn note(&mut self, exchange: Exchange<Tokens>) {
        self.calls.push((exchange.call, exchange.outcome.err()));
    }

    /// Tokens of another tenant or person are not ours to keep. An answer without `id_token`, or one that cannot be
    /// checked now, is accepted: a good refresh token is not thrown away over a side field.
    async fn check_account(&mut self, entra: &Entra, app: &AppInUse, connection: &Connection) {
        let Outcome::Tokens { tokens, .. } = &self.outcome else {
            return;
        };
        let Some(id_token) = &tokens.id_token else {
            tracing::warn!(connection.id = %connection.id, "an answer came without id_token");
            return;
        };
        let expect = Expect {
            client_id: app.app.client_id,
            tenant: Some(connection.entra_tenant_id),
            nonce: None,
        };
        let check = entra.verify_id_token(id_token, expect).await;
        self.calls.extend(check.keys_call.map(|call| (call, None)));
        let what = match check.outcome {
            Ok(claims) if connection.admin_oid.is_none_or(|oid| oid == claims.oid) => return,
            Ok(claims) => format!("object {}", claims.oid),
            Err(IdTokenError::OtherTenant(claims)) => format!("tenant {}", claims.tid),
            Err(IdTokenError::PersonalAccount) => "a personal account".to_owned(),
            Err(error) => {
                tracing::warn!(connection.id = %connection.id, %error, "an id_token could not be checked");
                return;
            }
        };
        self.outcome = Outcome::Foreign { what };
    }
}

fn outcome(exchange: &Exchange<Tokens>, by_previous: bool) -> Outcome {
    match &exchange.outcome {
        Ok(tokens) => Outcome::Tokens {
            tokens: tokens.clone(),
            by_previous,
        },
        Err(failure) => Outcome::Failed {
            class: Class::of(failure),
            failure: failure.clone(),
        },
    }
}

/// The class decides whether a credential is shown: one with a device code token would be refused (700025).
pub(super) const fn class_of(connection: &Connection) -> TokenClass {
    if connection.public_class {
        TokenClass::Public
    } else {
        TokenClass::Confidential
    }
}
