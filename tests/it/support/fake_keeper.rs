//! A keeper of a few lines for tests of the portal alone: seals links by reversing them, answers the rest with `Done`, and
//! keeps what it was asked. Tests of whole onboardings use the real keeper with the simulator.

use std::sync::{Arc, Mutex};

use sqlx::PgPool;
use tenantry::clock::Clock;
use tenantry::keeper::Client;
use tenantry::keeper::message::alerts as channels;
use tenantry::keeper::message::totp::{Answer, Ask};
use tenantry::keeper::message::{Refusal, Reply, Request, look};
use tenantry::keeper::text::Text;
use tenantry::keeper::totp::{new_seed, step_of};

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
        Request::Totp(ask) => totp(pool, ask).await,
        Request::Alerts(ask) => alerts(pool, ask).await,
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

/// Addresses are sealed by reversing them; the signature is none.
async fn alerts(pool: &PgPool, ask: channels::Ask) -> Reply {
    let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<u8>>();
    Reply::Alerts(match ask {
        channels::Ask::SealAddress { url, .. } => channels::Answer::Sealed {
            ciphertext: reversed(url.expose().as_bytes()),
        },
        channels::Ask::MakeSecret { .. } => channels::Answer::Made {
            ciphertext: vec![1; 32],
            secret: Text::new("whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="),
        },
        channels::Ask::Prepare { channel_id, .. } => {
            let sql = "select ct from alert_channel_secrets where channel_id = $1 and kind = 'url'";
            let sealed: Option<Vec<u8>> = sqlx::query_scalar(sql)
                .bind(channel_id)
                .fetch_optional(pool)
                .await
                .unwrap();
            let Some(sealed) = sealed else {
                return Reply::Refused(Refusal::NotThere);
            };
            channels::Answer::Prepared {
                url: Text::new(String::from_utf8(reversed(&sealed)).unwrap()),
                signature: "v1,none".into(),
            }
        }
    })
}

/// Seeds are sealed by reversing them; codes are compared as the keeper does.
async fn totp(pool: &PgPool, ask: Ask) -> Reply {
    let seed_of = async |factor: uuid::Uuid| {
        let sql = "select seed_ct from technician_factors where id = $1";
        let sealed: Option<Vec<u8>> = sqlx::query_scalar(sql)
            .bind(factor)
            .fetch_optional(pool)
            .await
            .unwrap();
        sealed.map(|sealed| String::from_utf8(sealed.into_iter().rev().collect()).unwrap())
    };
    let answer = match ask {
        Ask::Make { .. } => {
            let seed = new_seed();
            Some(Answer::Made {
                ciphertext: seed.expose().bytes().rev().collect(),
                seed,
            })
        }
        Ask::Show { factor_id, .. } => seed_of(factor_id).await.map(|seed| Answer::Seed {
            seed: Text::new(seed),
        }),
        Ask::Check {
            factor_id, code, ..
        } => match seed_of(factor_id).await {
            Some(seed) => {
                let step = step_of(&seed, code.expose(), Clock::system().wall());
                let sql =
                    "update technician_factors set last_step = $2 where id = $1 and last_step < $2";
                let done = sqlx::query(sql).bind(factor_id).bind(step.unwrap_or(-1));
                let done = done.execute(pool).await.unwrap();
                Some(Answer::Checked {
                    is_right: done.rows_affected() == 1,
                })
            }
            None => None,
        },
    };
    answer.map_or(Reply::Refused(Refusal::NotThere), Reply::Totp)
}
