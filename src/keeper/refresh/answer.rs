//! One call for one resource, and what came of it: Microsoft is asked once, and once more with the token before when the
//! current one is refused. Nothing is written here.

use secrecy::SecretString;
use time::OffsetDateTime;

use super::class::Class;
use super::grant::Grant;
use crate::entra::{
    CallRecord, Challenge, Entra, Exchange, Expect, Failure, IdTokenError, TokenClass, Tokens,
};
use crate::keeper::app::AppInUse;
use crate::keeper::app_only::roles_as_scopes;
use crate::keeper::core::Core;
use crate::keeper::fault::{Point, reach};
use crate::keeper::resource::Resource;
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

/// What is asked for, and as whom.
pub(super) struct Question<'a> {
    pub app: &'a AppInUse,
    pub connection: &'a Connection,
    pub resource: Resource,
    pub challenge: Option<&'a Challenge>,
}

/// Ask with the connection's grant; an app-only connection has none.
pub(super) async fn ask(core: &Core, question: &Question<'_>, grant: Option<&Grant>) -> Asked {
    let Some(grant) = grant else {
        return ask_as_app(core, question).await;
    };
    let Question {
        app,
        connection,
        resource,
        challenge,
    } = *question;
    let scope = resource.scope(&core.endpoints);
    let refresh = |token: SecretString| {
        let tenant = connection.entra_tenant_id;
        let (class, scope) = (class_of(connection), scope.as_str());
        async move {
            let entra = &core.entra;
            entra
                .refresh(tenant, &app.app, class, &token, scope, challenge)
                .await
        }
    };
    let first = underway(refresh(grant.current.clone())).await;
    let mut asked = Asked::of(first);
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
    asked.check_account(&core.entra, app, connection).await;
    asked
}

/// Client credentials: whom the answer is for is said by the address alone, and there is nothing that could be lost.
async fn ask_as_app(core: &Core, question: &Question<'_>) -> Asked {
    let tenant = question.connection.entra_tenant_id;
    let resource = question.resource.uri(&core.endpoints);
    let call =
        core.entra
            .client_credentials(tenant, &question.app.app, &resource, question.challenge);
    let mut exchange = underway(call).await;
    if let Ok(tokens) = &mut exchange.outcome {
        // Such answers name no scopes; which permissions are granted is in the token.
        tokens.scopes = roles_as_scopes(&tokens.access_token);
    }
    Asked::of(exchange)
}

/// Polled in this order: when the point is reached, the request is on its way.
async fn underway<T>(call: impl Future<Output = T>) -> T {
    let (answer, ()) = tokio::join!(biased; call, async { reach(Point::Sent) });
    answer
}

impl Asked {
    fn of(exchange: Exchange<Tokens>) -> Self {
        let mut asked = Self {
            sent_at: exchange.call.started_at,
            calls: Vec::new(),
            outcome: outcome(&exchange, false),
        };
        asked.note(exchange);
        asked
    }

    /// With the same question asked once more, which decides.
    pub fn followed_by(mut self, second: Self) -> Self {
        self.calls.extend(second.calls);
        Self {
            calls: self.calls,
            ..second
        }
    }

    /// The calls that worked.
    pub fn good_calls(&self) -> impl Iterator<Item = &CallRecord> {
        let good = self.calls.iter().filter(|(_, failure)| failure.is_none());
        good.map(|(call, _)| call)
    }

    /// A call failed before one worked.
    pub fn has_failures(&self) -> bool {
        self.calls.iter().any(|(_, failure)| failure.is_some())
    }

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
            Err(IdTokenError::PersonalAccount(_)) => "a personal account".to_owned(),
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
