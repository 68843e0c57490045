//! A keeper of a few lines for tests of the portal alone: seals links by reversing them, answers the rest with `Done`, and
//! keeps what it was asked. Tests of whole onboardings use the real keeper with the simulator.

use std::sync::{Arc, Mutex};

use sqlx::PgPool;
use tenantry::keeper::Client;
use tenantry::keeper::message::{Refusal, Reply, Request, look};
use tenantry::keeper::text::Text;

/// A running stand-in; it ends when its clients are dropped.
#[derive(Clone)]
pub struct FakeKeeper {
    pub client: Client,
    asked: Arc<Mutex<Vec<String>>>,
    scripted: Arc<Mutex<Vec<(String, Reply)>>>,
}

impl FakeKeeper {
    /// `pool` must be able to read `invitations.token_sealed`, as the keeper's login is.
    pub fn start(pool: PgPool) -> Self {
        let (client, mut queue) = Client::channel(16);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let scripted = Arc::new(Mutex::new(Vec::<(String, Reply)>::new()));
        let (kept, script) = (Arc::clone(&asked), Arc::clone(&scripted));
        tokio::spawn(async move {
            while let Some((request, answer)) = queue.recv().await {
                let kind = name(&request);
                kept.lock().unwrap().push(kind.clone());
                let reply = match take(&script, &kind) {
                    Some(reply) => reply,
                    None => reply(&pool, request).await,
                };
                let _ = answer.send(reply);
            }
        });
        Self {
            client,
            asked,
            scripted,
        }
    }

    /// The kinds of questions asked so far, in order, e.g. `seal_link`.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Answer the next question of this kind so, e.g. `answer_next("validate", Reply::Refused(Refusal::NoApp))`.
    pub fn answer_next(&self, kind: &str, reply: Reply) {
        self.scripted.lock().unwrap().push((kind.to_owned(), reply));
    }
}

fn take(script: &Mutex<Vec<(String, Reply)>>, kind: &str) -> Option<Reply> {
    let mut script = script.lock().unwrap();
    let at = script.iter().position(|(wanted, _)| wanted == kind)?;
    Some(script.remove(at).1)
}

fn name(request: &Request) -> String {
    serde_json::to_value(request).unwrap()["ask"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn reply(pool: &PgPool, request: Request) -> Reply {
    match request {
        Request::SealLink { token, .. } => Reply::Sealed {
            ciphertext: token.expose().bytes().rev().collect(),
        },
        Request::OpenLink {
            tenant_id,
            invitation_id,
        } => {
            let sealed: Option<Vec<u8>> = sqlx::query_scalar(
                "select token_sealed from invitations where tenant_id = $1 and id = $2",
            )
            .bind(tenant_id)
            .bind(invitation_id)
            .fetch_optional(pool)
            .await
            .unwrap();
            match sealed {
                Some(sealed) => Reply::Link {
                    token: Text::new(
                        String::from_utf8(sealed.into_iter().rev().collect()).unwrap(),
                    ),
                },
                None => Reply::Refused(Refusal::NotThere),
            }
        }
        Request::StartBrowserSignIn { state, .. } | Request::ConsentAddress { state, .. } => {
            Reply::Address {
                url: format!("https://login.example/trip?state={}", state.expose()),
            }
        }
        Request::Health => Reply::Health {
            ready: true,
            detail: String::new(),
        },
        Request::Look(look::Ask::Policies { .. }) => Reply::Looked(look::Answer::Policies {
            outcome: "no_token".into(),
        }),
        // Nobody has a token here.
        Request::Look(_) | Request::Validate { .. } | Request::Refresh { .. } => {
            Reply::Refused(Refusal::NotThere)
        }
        _ => Reply::Done,
    }
}
