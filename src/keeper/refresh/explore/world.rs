//! What the model knows: the row, Microsoft, the workers, and how much may still go wrong. Small on purpose: tokens are
//! numbers in the order of their issue, instants are the order of the requests.

use super::super::class::Class;
use super::super::state::State;

pub type Token = u8;
pub const WORKERS: usize = 3;

/// How Microsoft rotates refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Idp {
    /// The one before stays valid.
    Entra,
    /// The one before stays valid for a while.
    Grace,
    /// The one before is dead at once.
    Strict,
    /// … and using it kills the whole family.
    Family,
}

/// A deliberate mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    ComparesTheLease,
    ForgetsThePreviousAtOnce,
    PublishesBeforeCommit,
    ErasesWhatIsRefused,
    CallsDeadAtOnce,
    KeepsTheOlderAnswer,
    ComparesNothing,
    BelievesStaleRefusals,
    KeepsTheLease,
}

/// What may still happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Faults of any kind: a crash, a lost reply, a lost commit answer, a lease that ends too early, an answer that is no
    /// answer, a refusal out of the blue.
    pub faults: u8,
    pub requests: u8,
    pub by_hand: u8,
}

impl Budget {
    pub const FULL: Self = Self {
        faults: 3,
        requests: 3,
        by_hand: 1,
    };
}

/// The row of the connection with its schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    pub version: u8,
    pub current: Option<Token>,
    pub previous: Option<Token>,
    /// The request that the current token came by.
    pub obtained: u8,
    pub lease: Option<u8>,
    pub state: State,
    pub checks: i16,
    pub in_trouble: bool,
    /// Now, later, or never by itself.
    pub due: Due,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Due {
    Now,
    Later,
    Never,
}

/// A grant as a worker opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grant {
    pub version: u8,
    pub current: Option<Token>,
    pub previous: Option<Token>,
    /// How the connection stood: state, checks, whether in trouble and whether due.
    pub state: State,
    pub checks: i16,
    pub in_trouble: bool,
    pub due: bool,
}

/// A good answer on its way into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Good {
    pub grant: Grant,
    pub token: Token,
    pub sent: u8,
    pub by_previous: bool,
    /// The version to compare with.
    pub from: u8,
}

/// Where a worker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    Idle,
    Claimed,
    Opened(Grant),
    /// The request is on its way and nobody has acted on it. Acting and answering are one step: what happens between
    /// them is a lost reply.
    Sent {
        grant: Grant,
        sent: u8,
        previous: bool,
    },
    Received(Good),
    Refused {
        grant: Grant,
        class: Class,
    },
    /// Nobody knows whether the commit arrived.
    Unsure(Good),
}

/// What Microsoft says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Said {
    Token(Token),
    Refused(Class),
}

/// Tokens as a set of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Set(u16);

impl Set {
    pub fn with(self, token: Token) -> Self {
        Self(self.0 | 1 << token)
    }

    pub fn has(self, token: Token) -> bool {
        self.0 & (1 << token) != 0
    }

    pub fn is_within(self, all: Self) -> bool {
        self.0 & !all.0 == 0
    }
}

/// Everything.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub row: Row,
    pub workers: [Phase; WORKERS],
    pub idp: Idp,
    /// The next token's number.
    pub next: Token,
    pub superseded: Set,
    /// The grace of all superseded tokens is over.
    pub grace_over: bool,
    pub family_revoked: bool,
    pub customer_revoked: bool,
    /// Tokens that were accepted once.
    pub worked: Set,
    /// Tokens that were committed once, or given up for a newer one.
    pub settled: Set,
    /// Tokens that somebody who waited was told of.
    pub published: Set,
    pub requests: u8,
    /// Counts what was sent, the second tries too.
    pub clock: u8,
    pub budget: Budget,
    /// A token may have been lost by what nobody can help: a crash, a reply that never came.
    pub excused: bool,
    /// Two workers had the row in hand at a time.
    pub lease_broken: bool,
    /// Ambiguous refusals that counted, in a row; a definite one counts as enough.
    pub refusals: u8,
}

impl World {
    /// A connection that has just worked, and one that is a single confirmation away from calling for somebody.
    pub fn beginnings(idp: Idp, budget: Budget) -> [Self; 2] {
        let fresh = Self::new(idp, budget);
        let mut doubted = fresh;
        doubted.row.state = State::Suspect;
        doubted.row.checks = 2;
        doubted.row.in_trouble = true;
        doubted.refusals = 3;
        [fresh, doubted]
    }

    fn new(idp: Idp, budget: Budget) -> Self {
        Self {
            row: Row {
                version: 1,
                current: Some(0),
                previous: None,
                obtained: 0,
                lease: None,
                state: State::Active,
                checks: 0,
                in_trouble: false,
                due: Due::Now,
            },
            workers: [Phase::Idle; WORKERS],
            idp,
            next: 1,
            superseded: Set::default(),
            grace_over: false,
            family_revoked: false,
            customer_revoked: false,
            worked: Set::default().with(0),
            settled: Set::default().with(0),
            published: Set::default(),
            requests: 0,
            clock: 0,
            budget,
            excused: false,
            lease_broken: false,
            refusals: 0,
        }
    }

    /// Would Microsoft accept it now?
    pub fn accepts(&self, token: Token) -> bool {
        let dead = match self.idp {
            Idp::Entra => false,
            Idp::Grace => self.grace_over && self.superseded.has(token),
            Idp::Strict | Idp::Family => self.superseded.has(token),
        };
        !dead && !self.family_revoked && !self.customer_revoked
    }

    /// What is stored, the current one first.
    pub fn stored(&self) -> impl Iterator<Item = Token> + use<> {
        self.row.current.into_iter().chain(self.row.previous)
    }

    /// What workers hold or are about to receive.
    pub fn in_memory(&self) -> impl Iterator<Item = Token> + use<'_> {
        self.workers.iter().filter_map(|phase| match phase {
            Phase::Received(good) | Phase::Unsure(good) => Some(good.token),
            _ => None,
        })
    }
}
