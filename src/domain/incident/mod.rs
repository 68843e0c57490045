//! Incidents as people see them: one trouble that many customers feel, what it is, since when, how many, and who acts. The
//! keeper opens and closes them.

mod record;
mod store;

use time::OffsetDateTime;

use super::diagnosis::WhoActs;
use super::op::{Op, Scope};

pub use record::{Record, Touched, find, latest, touched};

/// What kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Microsoft's sign-in service does not answer.
    Authority,
    /// Microsoft refuses our application or its credential.
    Application,
    /// Many customers are refused for the same reason.
    Mass,
    /// Stored tokens were set aside.
    Quarantine,
}

/// One that is open.
#[derive(Clone, Debug)]
pub struct Incident {
    pub kind: Kind,
    /// AADSTS number, when there is one.
    pub code: Option<i32>,
    pub opened_at: OffsetDateTime,
    /// Tenants that it touches.
    pub tenants: i64,
}

impl Kind {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Authority, "authority"),
        (Self::Application, "application"),
        (Self::Mass, "mass"),
        (Self::Quarantine, "quarantine"),
    ];

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find_map(|(kind, name)| (name == word).then_some(kind))
    }
}

impl Incident {
    /// What happens, in a few words.
    pub const fn title(&self) -> &'static str {
        match self.kind {
            Kind::Authority => "Microsoft's sign-in service does not answer",
            Kind::Application => "Microsoft refuses our app registration",
            Kind::Mass => "Many customers are refused for the same reason",
            Kind::Quarantine => "Stored tokens were set aside",
        }
    }

    /// What it means, and what to do.
    pub const fn advice(&self) -> &'static str {
        match self.kind {
            Kind::Authority => {
                "Tokens are not renewed for the moment. Requests are held back and go on by themselves when Microsoft \
                 answers again. No customer has to do anything."
            }
            Kind::Application => {
                "Our application or its credential was refused. No connection is marked Expired for it and no customer has \
                 to consent again: renew the credential of the app registration."
            }
            Kind::Mass => {
                "So many at once are hardly the customers' own doing. No connection is marked Expired for it while this \
                 lasts; each is tried again every few minutes. Look at the newest MSAL errors for the reason."
            }
            Kind::Quarantine => {
                "They cannot be opened with the keys at hand, or Microsoft answered for another account. Nothing was \
                 deleted or overwritten. An operator has to look at the keeper's log."
            }
        }
    }

    /// Who can end it.
    pub const fn who_acts(&self) -> WhoActs {
        match self.kind {
            Kind::Authority => WhoActs::Microsoft,
            Kind::Application | Kind::Mass | Kind::Quarantine => WhoActs::Msp,
        }
    }
}

/// The open incidents within `scope`, the oldest first.
pub async fn open(op: &mut Op, scope: Scope) -> Result<Vec<Incident>, sqlx::Error> {
    store::open(op, scope).await
}
