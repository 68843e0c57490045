//! The steps of a disconnection, in their order. Pure.

use std::str::FromStr;

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Revoke,
    Prove,
    Forget,
    Destroy,
    Done,
}

/// A word that names no step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no step of a disconnection")]
pub struct UnknownStep(String);

impl Step {
    /// As in `disconnections.step`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Prove => "prove",
            Self::Forget => "forget",
            Self::Destroy => "destroy",
            Self::Done => "done",
        }
    }

    /// As in the audit log.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Revoke => "disconnection.revoke",
            Self::Prove => "disconnection.prove",
            Self::Forget => "disconnection.forget",
            Self::Destroy => "disconnection.destroy",
            Self::Done => "disconnection.done",
        }
    }

    /// What follows.
    pub const fn next(self, delete_everything: bool) -> Self {
        match self {
            Self::Revoke => Self::Prove,
            Self::Prove => Self::Forget,
            Self::Forget if delete_everything => Self::Destroy,
            Self::Forget | Self::Destroy | Self::Done => Self::Done,
        }
    }

    /// Microsoft is asked, and so it may have to be waited for.
    pub const fn asks_microsoft(self) -> bool {
        matches!(self, Self::Revoke | Self::Prove)
    }
}

impl FromStr for Step {
    type Err = UnknownStep;

    fn from_str(word: &str) -> Result<Self, UnknownStep> {
        [
            Self::Revoke,
            Self::Prove,
            Self::Forget,
            Self::Destroy,
            Self::Done,
        ]
        .into_iter()
        .find(|step| step.as_str() == word)
        .ok_or_else(|| UnknownStep(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_destroyed_only_when_that_was_asked_for() {
        let all = |everything| {
            let mut seen = vec![Step::Revoke];
            while let Some(last) = seen.last().filter(|last| **last != Step::Done) {
                seen.push(last.next(everything));
            }
            seen
        };
        assert_eq!(
            all(false),
            [Step::Revoke, Step::Prove, Step::Forget, Step::Done]
        );
        assert_eq!(
            all(true),
            [
                Step::Revoke,
                Step::Prove,
                Step::Forget,
                Step::Destroy,
                Step::Done
            ]
        );
    }

    #[test]
    fn words_are_read_back() {
        for step in all_steps() {
            assert_eq!(step.as_str().parse(), Ok(step));
        }
        assert!("stop".parse::<Step>().is_err());
    }

    fn all_steps() -> [Step; 5] {
        [
            Step::Revoke,
            Step::Prove,
            Step::Forget,
            Step::Destroy,
            Step::Done,
        ]
    }
}
