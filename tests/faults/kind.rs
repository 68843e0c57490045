//! The kinds of fault, and in which of Microsoft's modes a campaign uses them.

use crate::entra_proxy::Spoil;
use crate::pg_proxy::PgSpoil;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `kill -9` when a keeper comes to this point, by its number.
    Die(usize),
    StoppedBeyondLease,
    Terminated,
    ReplyLost,
    ReplySilent,
    ReplyDelayed,
    ReplyTruncated,
    ReplyMalformed,
    ReplySlow,
    ReplyGarbled,
    Refused,
    Reset,
    ResetBefore,
    HalfClosed,
    TlsWrong,
    OddRetryAfter,
    Outage,
    LoopSignal,
    InvalidClient,
    PgFast,
    PgImmediate,
    PgKilled,
    PgFailover,
    PgFull,
    PgRefused,
    PgCut,
    PgCommitAnswerCut,
    PgCommitCut,
    PgDelayed,
    PgStalled,
    PgGarbled,
    PgHalfClosed,
    ClockStep,
    PoisonRow,
    OldBackup,
}

const POINTS: [&str; 9] = [
    "claimed",
    "opened",
    "gated",
    "sent",
    "received",
    "before-commit",
    "committed",
    "published",
    "proven",
];

impl Kind {
    /// Every kind, in the order of a round through them.
    pub const ALL: [Self; 43] = [
        Self::Die(0),
        Self::ReplyLost,
        Self::PgCommitAnswerCut,
        Self::Die(1),
        Self::ReplyMalformed,
        Self::PgCut,
        Self::Die(2),
        Self::ReplyTruncated,
        Self::PgFast,
        Self::Die(3),
        Self::ReplyDelayed,
        Self::PgCommitCut,
        Self::Die(4),
        Self::Reset,
        Self::PgDelayed,
        Self::Die(5),
        Self::ResetBefore,
        Self::PgImmediate,
        Self::Die(6),
        Self::HalfClosed,
        Self::PgGarbled,
        Self::Die(7),
        Self::TlsWrong,
        Self::PgRefused,
        Self::Die(8),
        Self::OddRetryAfter,
        Self::PgKilled,
        Self::StoppedBeyondLease,
        Self::Outage,
        Self::PgStalled,
        Self::Terminated,
        Self::LoopSignal,
        Self::PgHalfClosed,
        Self::ClockStep,
        Self::InvalidClient,
        Self::PgFull,
        Self::PoisonRow,
        Self::ReplySlow,
        Self::PgFailover,
        Self::Refused,
        Self::ReplyGarbled,
        Self::OldBackup,
        Self::ReplySilent,
    ];

    pub fn name(self) -> String {
        match self {
            Self::Die(point) => format!("kill-9-{}", POINTS[point]),
            other => {
                let mut name = String::new();
                for letter in format!("{other:?}").chars() {
                    if letter.is_uppercase() && !name.is_empty() {
                        name.push('-');
                    }
                    name.extend(letter.to_lowercase());
                }
                name
            }
        }
    }

    /// Hours of simulated time pass, or the whole database goes back: once in a while.
    pub fn is_heavy(self) -> bool {
        matches!(
            self,
            Self::OldBackup | Self::PgFailover | Self::PgFull | Self::ReplySilent
        )
    }

    /// The proxy towards Microsoft spoils refreshes like this.
    pub fn spoil(self, dice: &mut crate::dice::Dice) -> Option<Spoil> {
        use std::time::Duration;
        Some(match self {
            Self::ReplyLost => Spoil::Lost,
            Self::ReplySilent => Spoil::Silent,
            Self::ReplyDelayed => Spoil::Delayed(Duration::from_millis(dice.within(200, 2500))),
            Self::ReplyTruncated => Spoil::Truncated,
            Self::ReplyMalformed => Spoil::Malformed(dice.index(crate::malformed::WAYS.len())),
            Self::ReplySlow => Spoil::Slow,
            Self::ReplyGarbled => Spoil::Garbled,
            Self::Reset => Spoil::Reset,
            Self::ResetBefore => Spoil::ResetBefore,
            Self::HalfClosed => Spoil::HalfClosed,
            Self::TlsWrong => Spoil::Tls(dice.index(crate::entra_proxy::TLS_WAYS)),
            Self::OddRetryAfter => Spoil::Instead(throttled(dice)),
            Self::LoopSignal => Spoil::Instead(refusal(
                "400 Bad Request",
                "invalid_grant",
                50_196,
                "The server terminated an operation because it encountered a client request loop.",
            )),
            _ => return None,
        })
    }

    /// The proxy towards Postgres spoils like this.
    pub fn pg_spoil(self) -> Option<PgSpoil> {
        Some(match self {
            Self::PgRefused => PgSpoil::Refused,
            Self::PgCut => PgSpoil::Cut,
            Self::PgCommitAnswerCut => PgSpoil::CommitAnswerCut,
            Self::PgCommitCut => PgSpoil::CommitCut,
            Self::PgDelayed => PgSpoil::Delayed,
            Self::PgStalled => PgSpoil::Stalled,
            Self::PgGarbled => PgSpoil::Garbled,
            Self::PgHalfClosed => PgSpoil::HalfClosed,
            _ => return None,
        })
    }
}

/// 429 with a `Retry-After` that is none, or hardly one.
fn throttled(dice: &mut crate::dice::Dice) -> Vec<u8> {
    let retry_after = dice.pick(&[
        "",
        "retry-after: -5\r\n",
        "retry-after: 1e9\r\n",
        "retry-after: 999999999999999999999\r\n",
        "retry-after: soon\r\n",
        "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
        "retry-after: 0\r\n",
        "retry-after: 3\r\nretry-after: 9\r\n",
        "retry-after: \r\n",
        "retry-after: 2.5\r\n",
    ]);
    let body = r#"{"error":"temporarily_unavailable","error_description":"AADSTS90055: The request was throttled.","error_codes":[90055]}"#;
    format!(
        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\n{retry_after}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// An error answer as Entra gives it.
pub fn refusal(status: &str, error: &str, code: u32, text: &str) -> Vec<u8> {
    let body = serde_json::json!({"error": error, "error_description": format!("AADSTS{code}: {text}"),
        "error_codes": [code], "timestamp": "2026-01-01 00:00:00Z", "trace_id": tenantry::clock::random_uuid(),
        "correlation_id": tenantry::clock::random_uuid()})
    .to_string();
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
