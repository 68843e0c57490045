//! When what happens to whom: the ninety-five days before the visitor arrives, as a list of days with their events.

use super::world::Story;
use crate::simulator::directory::{Cause, FaultKind, NewFault, Realm};

/// The days, counted back from now, at which something happens; each ends with a renewal of everything connected.
pub const DAYS: [i64; 12] = [95, 30, 24, 18, 14, 10, 7, 5, 3, 2, 1, 0];

/// What happens to a tenant on a day.
#[derive(Clone, Debug)]
pub enum Event {
    /// Invited and onboarded by device code.
    Onboard,
    /// Invited and onboarded by "Sign in with Microsoft".
    OnboardBrowser,
    /// Invited without an expected administrator and onboarded: waits for confirmation.
    OnboardHeld,
    /// Lets our application in by consent.
    OnboardAppOnly,
    /// A technician enters an app registration of the customer's own; its secret ends so many days after the visit.
    OwnApp(i64),
    /// Invited, nothing more.
    Invite,
    /// Invited and begun in a browser.
    Begin,
    Suspend,
    Resume,
    Archive,
    /// Something dies at Microsoft.
    Kill(Cause),
    /// Microsoft has trouble with this tenant's token calls.
    Fault(FaultKind, Lasting),
}

/// How long a trouble lasts.
#[derive(Clone, Copy, Debug)]
pub enum Lasting {
    Calls(u32),
    Seconds(i64),
}

impl Event {
    /// The fault to add at the simulator for the tenant with this domain.
    pub fn fault(kind: FaultKind, lasting: Lasting, domain: &str) -> NewFault {
        let mut fault = NewFault::on_tokens(Some(domain), kind, 1);
        match lasting {
            Lasting::Calls(count) => fault.count = Some(count),
            Lasting::Seconds(seconds) => (fault.count, fault.seconds) = (None, Some(seconds)),
        }
        fault
    }
}

const DAY: i64 = 86_400;

/// How the tenant of this story checks passwords.
pub fn realm(story: Story) -> Realm {
    match story {
        Story::FederatedTwelveHours => Realm::Federated {
            password_change_synced: false,
        },
        Story::HealthyBrowser => Realm::Federated {
            password_change_synced: true,
        },
        _ => Realm::Managed,
    }
}

/// The sign-in frequency that the tenant of this story has from the beginning, in seconds.
pub fn sign_in_frequency(story: Story) -> Option<i64> {
    match story {
        Story::SignInFrequency => Some(14 * DAY),
        Story::SignInFrequencyAgain => Some(6 * DAY),
        _ => None,
    }
}

/// The events of a story on the day `days_ago`, in order.
pub fn events(story: Story, days_ago: i64) -> Vec<Event> {
    use Story as S;
    let death = |day: i64, cause: Cause| match days_ago {
        30 => vec![Event::Onboard],
        d if d == day => vec![Event::Kill(cause)],
        _ => Vec::new(),
    };
    match (story, days_ago) {
        (S::Healthy | S::Recovered | S::Throttled | S::Outage | S::Suspended | S::Archived, 30) => {
            vec![Event::Onboard]
        }
        (S::AppOnly, 14) => vec![Event::OnboardAppOnly],
        (S::OwnAppEnding, 10) => vec![Event::OwnApp(12)],
        (S::HealthyBrowser, 30) => vec![Event::OnboardBrowser],
        (S::Recovered, 7) => vec![Event::Fault(
            FaultKind::Outage { status: 503 },
            Lasting::Calls(3),
        )],
        (S::Throttled, 0) => vec![Event::Fault(
            FaultKind::Throttled { retry_after: 900 },
            Lasting::Seconds(6 * 3600),
        )],
        (S::Outage, 0) => vec![Event::Fault(
            FaultKind::Outage { status: 503 },
            Lasting::Seconds(6 * 3600),
        )],
        (S::Suspended, 7) => vec![Event::Suspend],
        (S::Archived, 14) => vec![Event::Archive],
        (S::AppOnly | S::OwnAppEnding, 30)
        | (S::SignInFrequency, 18)
        | (S::SignInFrequencyAgain, 18 | 5)
        | (S::FederatedTwelveHours, 1) => vec![Event::Onboard],
        (S::Idle, 95) => vec![Event::Onboard, Event::Suspend],
        (S::Idle, 2) => vec![Event::Resume],
        (S::Invited, 2) | (S::InvitationExpired, 10) => vec![Event::Invite],
        (S::Started, 0) => vec![Event::Begin],
        (S::Held, 0) => vec![Event::OnboardHeld],
        (S::PasswordChanged, _) => death(5, Cause::PasswordChange),
        (S::SessionsRevoked, _) => death(3, Cause::SessionsRevoked),
        (S::MfaRequired, _) => death(7, Cause::MfaRequired),
        (S::ConditionalAccess, _) => death(2, Cause::ConditionalAccess),
        (S::DeviceCodeBlocked, _) => death(3, Cause::DeviceCodeBlocked),
        (S::ConsentWithdrawn, _) => death(2, Cause::ConsentWithdrawn),
        (S::EnterpriseAppDeleted, _) => death(5, Cause::EnterpriseAppDeleted),
        (S::EnterpriseAppDisabled, _) => death(3, Cause::EnterpriseAppDisabled),
        (S::UserDisabled, _) => death(1, Cause::UserDisabled),
        (S::UserDeleted, _) => death(10, Cause::UserDeleted),
        (S::TenantGone, _) => death(14, Cause::TenantGone),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::world::SAMPLES;

    #[test]
    fn every_story_but_the_untouched_one_has_an_event_on_a_day_that_comes() {
        for sample in SAMPLES.iter().filter(|s| s.story != Story::NeverInvited) {
            assert!(
                DAYS.iter()
                    .any(|day| !events(sample.story, *day).is_empty()),
                "{}",
                sample.short_name
            );
        }
    }
}
