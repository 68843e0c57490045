//! What the last request proves. Pure.

use crate::entra::{Failure, Meaning};
use crate::keeper::refresh::Class;

/// One resource's answer to the last request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// Microsoft knows no permission of ours any more.
    Gone,
    /// Refused, but for a reason that says nothing about our permission.
    Refused,
    /// Our permission still stands: a token was issued.
    Stands,
    /// Microsoft could not be asked.
    Unreachable,
}

impl Proof {
    /// From a refusal.
    pub fn of(failure: &Failure) -> Self {
        match Class::of(failure) {
            Class::ConsentMissing | Class::AppAbsent => Self::Gone,
            Class::Definitive | Class::Ambiguous | Class::ResourceRefused => Self::Refused,
            _ if failure.meaning == Meaning::AppLevel => Self::Refused,
            _ => Self::Unreachable,
        }
    }

    /// As in `disconnection_steps.outcome` and its details.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Refused => "refused",
            Self::Stands => "stands",
            Self::Unreachable => "unreachable",
        }
    }

    /// Of several resources: the one that promises least.
    pub fn least(all: &[Self]) -> Option<Self> {
        [Self::Stands, Self::Unreachable, Self::Refused, Self::Gone]
            .into_iter()
            .find(|proof| all.contains(proof))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_standing_permission_is_told_whatever_the_others_say() {
        use Proof::{Gone, Refused, Stands, Unreachable};
        assert_eq!(Proof::least(&[Gone, Gone]), Some(Gone));
        assert_eq!(Proof::least(&[Gone, Refused]), Some(Refused));
        assert_eq!(Proof::least(&[Refused, Unreachable]), Some(Unreachable));
        assert_eq!(Proof::least(&[Gone, Unreachable, Stands]), Some(Stands));
        assert_eq!(Proof::least(&[]), None);
    }
}
