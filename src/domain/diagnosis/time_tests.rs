//! Rules of time: idle tokens, limits, rhythms and the twelve hours of federated users; and where they deceive.

use time::Duration;

use super::weigh_tests::{BARE, NOW, diagnose, facts, seen, tells};
use super::*;

#[test]
fn an_idle_token_is_idle_only_if_we_did_not_use_it() {
    let raw = "AADSTS700082: The refresh token has expired due to inactivity.";
    let unused = |days| Facts {
        obtained_at: Some(NOW - Duration::days(300)),
        last_ok_at: Some(NOW - Duration::days(days)),
        ..facts()
    };
    assert_eq!(diagnose(raw, &unused(91)).confidence, Confidence::High);
    let used = diagnose(raw, &unused(2));
    assert_eq!(used.confidence, Confidence::Likely);
    tells(&used, "backup");
    // 70008 is given for revoked tokens as well.
    let vague = diagnose(
        "AADSTS70008: The provided authorization code or refresh token has expired",
        &unused(2),
    );
    assert_eq!(vague.confidence, Confidence::Unsure);
    let idle = diagnose("AADSTS70008: The refresh token has expired", &unused(95));
    assert_eq!(
        (idle.cause, idle.confidence),
        (Category::ExpiredInactive, Confidence::High)
    );
}

#[test]
fn a_limit_that_the_sign_in_has_not_reached_is_doubted() {
    let raw = "AADSTS70043: … the maximum allowed lifetime for this request is 1209600.";
    let aged = |days| Facts {
        obtained_at: Some(NOW - Duration::days(days)),
        ..facts()
    };
    assert_eq!(diagnose(raw, &aged(15)).confidence, Confidence::High);
    assert_eq!(diagnose(raw, &aged(3)).confidence, Confidence::Likely);
}

/// Lives of so many days each, the newest being the connection that has just died.
fn lived(days: &[i64], cause: Category) -> Facts {
    let mut facts = facts();
    let mut at = facts.failed_at.unwrap();
    for days in days {
        let obtained_at = at - Duration::days(*days) - Duration::hours(6);
        facts.past.push(Life {
            obtained_at,
            last_ok_at: Some(at - Duration::hours(14)),
            died_at: at,
            cause,
            code: None,
            class: Some(TokenClass::Public),
            account: None,
        });
        at = obtained_at - Duration::days(3);
    }
    facts.obtained_at = facts.past.first().map(|life| life.obtained_at);
    facts
}

#[test]
fn equal_lives_tell_remembered_mfa_by_its_days() {
    let expired = "AADSTS50078: Presented multi-factor authentication has expired";
    let regular = diagnose(expired, &lived(&[14, 14, 14], Category::MfaRequired));
    assert_eq!(regular.cause, Category::MfaRequired);
    assert_eq!(regular.confidence, Confidence::High);
    assert!(
        regular.headline.contains("every 14 days"),
        "{}",
        regular.headline
    );
    tells(&regular, "The last 3 authorisations");
    // 50076 also comes with a new policy or place.
    let demanded = "AADSTS50076: you must use multi-factor authentication";
    let regular = diagnose(demanded, &lived(&[30, 30, 30, 30], Category::MfaRequired));
    assert_eq!(regular.confidence, Confidence::Likely);
    let irregular = diagnose(expired, &lived(&[14, 3, 40], Category::MfaRequired));
    assert!(
        !irregular.headline.contains("every"),
        "{}",
        irregular.headline
    );
    let twice = diagnose(expired, &lived(&[14, 14], Category::MfaRequired));
    assert!(!twice.headline.contains("every"), "{}", twice.headline);
}

#[test]
fn equal_lives_explain_a_refusal_without_number_but_not_for_certain() {
    let regular = diagnose(BARE, &lived(&[7, 7, 7], Category::Unknown));
    assert_eq!(regular.cause, Category::SignInFrequency);
    assert_eq!(regular.confidence, Confidence::Likely);
    assert_eq!(regular.button, Button::Renew);
    assert!(!regular.to_be_sure.is_empty());
    let chance = diagnose(BARE, &lived(&[7, 8, 21], Category::Unknown));
    assert_eq!(chance.cause, Category::Unknown);
    assert_eq!(chance.confidence, Confidence::Unsure);
}

#[test]
fn a_connection_that_lives_continues_no_rhythm() {
    let mut facts = lived(&[7, 7, 7], Category::MfaRequired);
    // A fourth one, refused on its second day.
    facts.obtained_at = Some(NOW - Duration::days(2));
    let found = diagnose("AADSTS50078: expired", &facts);
    assert!(!found.headline.contains("every"), "{}", found.headline);
}

#[test]
fn the_twelve_hours_of_federated_users_need_more_than_their_age_to_be_sure() {
    let aged = |raw: &str, policies: Option<Vec<Policy>>| {
        let mut facts = Facts {
            realm: Realm::Federated,
            obtained_at: Some(NOW - Duration::hours(13)),
            ..facts()
        };
        facts.seen.policies = policies.map(seen);
        diagnose(raw, &facts)
    };
    let number = "AADSTS700081: The refresh token has expired due to maximum lifetime. The token was issued on \
        2026-03-01T19:00:00Z and the maximum allowed lifetime for this application is 12:00:00.";
    assert_eq!(aged(number, None).cause, Category::Federation);
    assert_eq!(aged(number, None).confidence, Confidence::High);
    let frequency = "AADSTS70043: … the maximum allowed lifetime for this request is 43200.";
    assert_eq!(aged(frequency, None).cause, Category::Federation);
    assert_eq!(aged(frequency, None).confidence, Confidence::Likely);
    assert_eq!(
        aged(frequency, Some(Vec::new())).confidence,
        Confidence::High
    );
    assert_eq!(aged(BARE, None).confidence, Confidence::Unsure);
    let twelve = Policy {
        name: "Twelve hours".into(),
        mode: PolicyMode::On,
        sign_in_frequency_s: Some(43_200),
        rules: Vec::new(),
        changed_at: None,
        created_at: None,
        managed_by_microsoft: false,
    };
    let by_policy = aged(frequency, Some(vec![twelve]));
    assert_eq!(by_policy.cause, Category::SignInFrequency);
    tells(
        &by_policy,
        "“Twelve hours” asks for a sign-in every 12 hours",
    );
}
