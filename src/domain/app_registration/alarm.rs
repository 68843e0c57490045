//! What is about to go wrong with the registration as a whole: one credential that ends does no harm while another lasts.

use time::OffsetDateTime;

use super::{Credential, Registration, Warning, days_left, store, warning};
use crate::domain::op::Op;
use crate::keeper::Cloud;

/// The one thing to be said about the registration in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Credentials are stored and none is usable.
    NoneUsable,
    /// Microsoft refuses the only one that is left.
    Refused,
    /// The last one to end ends soon, or has ended.
    Ends {
        warning: Warning,
        days_left: i64,
        at: OffsetDateTime,
    },
}

impl Alarm {
    pub fn is_urgent(&self) -> bool {
        match self {
            Self::NoneUsable | Self::Refused => true,
            Self::Ends { warning, .. } => warning.is_urgent(),
        }
    }

    /// In one sentence, without what to do.
    pub fn sentence(&self) -> String {
        match self {
            Self::NoneUsable => {
                "None of the stored credentials of our app registration is usable.".into()
            }
            Self::Refused => {
                "Microsoft refuses the only usable credential of our app registration.".into()
            }
            Self::Ends { days_left, at, .. } if *days_left < 0 => {
                format!(
                    "The last credential of our app registration ended on {}.",
                    at.date()
                )
            }
            Self::Ends { days_left, at, .. } => {
                let left = match days_left {
                    0 => "within a day".to_owned(),
                    1 => "in 1 day".to_owned(),
                    days => format!("in {days} days"),
                };
                format!(
                    "The last credential of our app registration ends {left}, on {}.",
                    at.date()
                )
            }
        }
    }
}

/// Look at the registration in use; none when all is well or nothing is stored.
pub async fn alarm(op: &mut Op, cloud: Cloud) -> Result<Option<Alarm>, sqlx::Error> {
    let now = op.now();
    Ok(of(&store::active_credentials(op, cloud).await?, now))
}

impl Registration {
    /// See [`alarm`].
    pub fn alarm(&self, now: OffsetDateTime) -> Option<Alarm> {
        of(&self.credentials, now)
    }
}

fn of(credentials: &[Credential], now: OffsetDateTime) -> Option<Alarm> {
    if credentials.is_empty() {
        return None;
    }
    let usable: Vec<_> = credentials.iter().filter(|one| one.is_usable()).collect();
    match usable.as_slice() {
        [] => return Some(Alarm::NoneUsable),
        [only] if only.refusal.is_some() => return Some(Alarm::Refused),
        _ => {}
    }
    // One whose end nobody knows may last: nothing can be said then but about the others, on their rows.
    let ends: Option<Vec<_>> = usable.iter().map(|one| one.not_after).collect();
    let at = ends?.into_iter().max()?;
    let days_left = days_left(at, now);
    warning(days_left).map(|warning| Alarm::Ends {
        warning,
        days_left,
        at,
    })
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;
    use crate::domain::app_registration::{Credential, Kind, Refused, State, Why};

    const NOW: OffsetDateTime = datetime!(2026-03-02 12:00 UTC);

    fn credential(state: State, days: Option<i64>) -> Credential {
        Credential {
            id: Uuid::nil(),
            kind: Kind::Secret,
            hint: "x7Qz".into(),
            not_after: days.map(|days| NOW + Duration::days(days)),
            state,
            created_at: NOW,
            created_by: "settings".into(),
            worked_at: None,
            refusal: None,
            is_being_tried: false,
        }
    }

    fn said(credentials: Vec<Credential>) -> Option<Alarm> {
        let registration = Registration {
            id: Uuid::nil(),
            client_id: Uuid::nil(),
            display_name: "Tenantry".into(),
            entra_tenant_id: None,
            is_active: true,
            connections: 0,
            credentials,
        };
        registration.alarm(NOW)
    }

    #[test]
    fn the_last_to_end_decides() {
        use State::{Active, Retired};
        assert_eq!(said(vec![]), None);
        assert_eq!(said(vec![credential(Active, Some(400))]), None);
        assert_eq!(
            said(vec![
                credential(Active, Some(5)),
                credential(Active, Some(400))
            ]),
            None
        );
        assert_eq!(
            said(vec![credential(Active, Some(5)), credential(Active, None)]),
            None
        );
        let ends = said(vec![
            credential(Active, Some(5)),
            credential(Retired, Some(400)),
        ])
        .unwrap();
        assert!(ends.is_urgent());
        assert_eq!(
            ends.sentence(),
            "The last credential of our app registration ends in 5 days, on 2026-03-07."
        );
        let over = said(vec![credential(Active, Some(-2))]).unwrap();
        assert!(over.sentence().contains("ended on 2026-02-28"));
    }

    #[test]
    fn nothing_usable_is_said_and_so_is_a_refusal_of_the_only_one() {
        assert_eq!(
            said(vec![credential(State::Refused, None)]),
            Some(Alarm::NoneUsable)
        );
        let mut only = credential(State::Active, Some(400));
        only.refusal = Some(Refused {
            at: NOW,
            why: Why::WrongValue,
            code: Some(7_000_215),
            text: String::new(),
        });
        assert_eq!(said(vec![only]), Some(Alarm::Refused));
    }
}
