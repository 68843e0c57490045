//! What the onboarding page shows: how far it has come, and the part of the present step. Ready values only.

use std::hash::{DefaultHasher, Hash, Hasher};

use time::OffsetDateTime;

use super::failure::Words;
use super::inviter::Inviter;
use crate::domain::invitation::Method;
use crate::domain::onboarding::{Flow, Progress, ResourceLine, Stage, Standing, TokenState};
use crate::language::{Onboarding, exact};

/// The part of the present step.
#[derive(Debug)]
pub enum Part {
    /// Step 2: who signs in, and how.
    Start(StartPart),
    /// Another browser is at it.
    Elsewhere,
    /// Step 3, the code or the sign-in is still to be asked for.
    Ready {
        device: bool,
        app_only: bool,
    },
    /// Step 3: the code.
    Code(CodePart),
    /// Step 3: the trip to Microsoft's sign-in page; the address only right after the button was pressed.
    SignIn {
        address: Option<String>,
    },
    /// Step 4: one resource after another.
    Acquiring {
        lines: Vec<Line>,
        tally: (usize, usize),
        /// Nobody signed in: Microsoft spreads an administrator's consent.
        app_only: bool,
    },
    /// Step 4: somebody must consent.
    Consent(ConsentPart),
    /// Step 5.
    Done(DonePart),
    /// Step 5, but for a technician's word.
    Held {
        username: String,
        refused: bool,
    },
    Failed(Words),
}

/// Step 2's fields.
#[derive(Debug)]
pub struct StartPart {
    pub admin_username: String,
    /// The invitation names the administrator; the name cannot be changed, only denied.
    pub fixed: bool,
    pub someone_else: bool,
    pub device: bool,
    /// The invitation leaves no choice.
    pub fixed_method: Option<Method>,
    pub error: Option<String>,
}

impl StartPart {
    /// Nobody signs in to us: an administrator consents at Microsoft.
    pub fn app_only(&self) -> bool {
        self.fixed_method == Some(Method::AppOnly)
    }

    /// "Sign in with Microsoft" and nothing else.
    pub fn browser_only(&self) -> bool {
        self.fixed_method == Some(Method::AuthCode)
    }

    /// What the free field starts with: nothing in place of a name that is fixed.
    pub fn typed(&self) -> &str {
        if self.fixed && self.error.is_none() {
            ""
        } else {
            &self.admin_username
        }
    }
}

/// Step 3's code.
#[derive(Debug)]
pub struct CodePart {
    pub user_code: String,
    pub verification_uri: String,
    pub until: String,
    pub seconds_left: i64,
}

/// Step 4's consent.
#[derive(Debug)]
pub struct ConsentPart {
    pub lines: Vec<Line>,
    pub tally: (usize, usize),
    /// Something is stored already.
    pub begun: bool,
    /// Microsoft's page for it; none when a new trip must be prepared first.
    pub address: Option<String>,
    /// A reviewer was asked.
    pub approval: bool,
    /// Nobody signed in: consent is the whole sign-in.
    pub app_only: bool,
}

/// Step 5's summary.
#[derive(Debug)]
pub struct DonePart {
    pub lines: Vec<Line>,
    pub by: String,
    pub at: String,
    /// The application itself was let in.
    pub app_only: bool,
}

const SIGN_IN_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// One resource with its tick.
#[derive(Debug)]
pub struct Line {
    pub name: &'static str,
    pub required: bool,
    pub class: &'static str,
    pub mark: &'static str,
    pub word: String,
    pub scopes: String,
}

impl Line {
    pub fn new(line: &ResourceLine, words: &Onboarding) -> Self {
        let (class, mark, word) = match line.state {
            TokenState::Valid => ("tick-valid", "✓", &words.acquired),
            TokenState::Failed => ("tick-failed", "✗", &words.not_granted),
            TokenState::Waiting => ("tick-waiting", "…", &words.waiting),
        };
        // Microsoft names scopes with or without the resource's address; the sign-in's own ones say nothing to people.
        let named = line
            .scopes
            .iter()
            .filter_map(|scope| scope.rsplit('/').next())
            .filter(|scope| !SIGN_IN_SCOPES.contains(scope));
        Self {
            name: line.resource.name(),
            required: line.required,
            class,
            mark,
            word: word.text(),
            scopes: named.collect::<Vec<_>>().join(", "),
        }
    }
}

impl Part {
    /// The part for a flow's stage. `address` is Microsoft's consent page when a trip there is prepared.
    pub fn of(
        flow: &Flow,
        inviter: &Inviter,
        progress: &Progress,
        address: Option<String>,
        now: OffsetDateTime,
    ) -> Self {
        let (words, language) = (inviter.face.words, inviter.face.language);
        let line = |line| Line::new(line, words);
        let lines = || progress.resources.iter().map(line).collect::<Vec<_>>();
        let tally = progress.tally();
        let device = flow.method == Method::DeviceCode;
        let app_only = flow.method == Method::AppOnly;
        let access = progress.access.as_ref();
        let consent = |approval| {
            Self::Consent(ConsentPart {
                lines: lines(),
                tally,
                begun: tally.0 > 0,
                address,
                approval,
                app_only,
            })
        };
        let done = || {
            Self::Done(DonePart {
                lines: lines(),
                by: access
                    .map(|one| one.admin_username.clone())
                    .unwrap_or_default(),
                at: access
                    .map(|one| exact(language, one.obtained_at))
                    .unwrap_or_default(),
                app_only,
            })
        };
        match flow.stage_at(now) {
            Stage::Started => Self::Ready { device, app_only },
            Stage::CodeShown(code) => Self::Code(CodePart {
                seconds_left: (code.expires_at - now).whole_seconds().max(0),
                until: exact(language, code.expires_at),
                user_code: code.user_code,
                verification_uri: code.verification_uri,
            }),
            Stage::Redirected => Self::SignIn { address: None },
            Stage::Acquiring => Self::Acquiring {
                lines: lines(),
                tally,
                app_only,
            },
            Stage::ConsentNeeded => consent(false),
            Stage::AwaitingApproval => consent(true),
            Stage::Complete => done(),
            Stage::Held(who) => match access.map(|one| one.standing) {
                Some(Standing::InUse) => done(),
                standing => Self::Held {
                    username: who.username,
                    refused: standing == Some(Standing::Ended),
                },
            },
            Stage::Failed(failure, who) => Self::Failed(Words::of(failure, &who, flow, inviter)),
            Stage::Superseded => Self::Elsewhere,
        }
    }

    /// Which of the five steps is shown, from 1.
    pub fn step(&self) -> usize {
        match self {
            Self::Start(_) | Self::Elsewhere => 2,
            Self::Ready { .. } | Self::Code(_) | Self::SignIn { .. } | Self::Failed(_) => 3,
            Self::Acquiring { .. } | Self::Consent(_) => 4,
            Self::Held { .. } | Self::Done(_) => 5,
        }
    }

    /// Does the page change by itself, so that it should listen?
    pub fn is_live(&self) -> bool {
        matches!(
            self,
            Self::Code(_)
                | Self::SignIn { address: None }
                | Self::Acquiring { .. }
                | Self::Consent(_)
        ) || matches!(self, Self::Held { refused: false, .. })
    }
}

/// What a page shows of a flow, in short: two equal ones show the same page. Says nothing by itself.
pub fn fingerprint(flow: &Flow, progress: &Progress, now: OffsetDateTime) -> String {
    let mut hasher = DefaultHasher::new();
    (flow.id, flow.stage_at(now), progress).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
