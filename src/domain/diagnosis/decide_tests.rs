//! Decisions: each reads as a case, from the error and what is known to who does what.

use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-03-02 08:00 UTC);
const REVOKED: &str = "AADSTS50173: The grant was issued on '2026-02-01T08:00:00Z' and the \
    TokensValidFrom date (before which tokens are not valid) for this user is \
    '2026-03-01T10:00:00Z'.";

fn diagnose(raw: &str, facts: &Facts) -> Diagnosis {
    decide(&read(raw.as_bytes()), facts)
}

fn alone(raw: &str) -> Diagnosis {
    diagnose(raw, &Facts::default())
}

fn revoked_at() -> OffsetDateTime {
    datetime!(2026-03-01 10:00:20 UTC)
}

/// An account that is there and enabled, seen just now.
fn account() -> Account {
    Account {
        oid: Uuid::nil(),
        deleted: false,
        enabled: Some(true),
        password_changed_at: None,
        sessions_valid_from: None,
        on_premises: None,
        licences: Some(1),
    }
}

fn observed<T>(value: T) -> Observed<T> {
    Observed { value, at: NOW }
}

/// The error came a minute ago, and then Graph told this of the account.
fn with_account(account: Account) -> Facts {
    let mut facts = Facts {
        now: Some(NOW),
        failed_at: Some(NOW - Duration::minutes(1)),
        ..Facts::default()
    };
    facts.seen.account = Some(observed(account));
    facts
}

fn with_dates(password: OffsetDateTime, sessions: OffsetDateTime) -> Facts {
    with_account(Account {
        password_changed_at: Some(password),
        sessions_valid_from: Some(sessions),
        ..account()
    })
}

fn account_of(facts: &mut Facts) -> &mut Account {
    &mut facts.seen.account.as_mut().unwrap().value
}

fn policy(name: &str) -> Policy {
    Policy {
        name: name.to_owned(),
        mode: PolicyMode::On,
        sign_in_frequency_s: None,
        rules: Vec::new(),
        changed_at: None,
        created_at: None,
        managed_by_microsoft: false,
    }
}

fn frequency(seconds: i64) -> Policy {
    Policy {
        sign_in_frequency_s: Some(seconds),
        ..policy("Sign-in frequency")
    }
}

fn with_policies(mut facts: Facts, policies: Vec<Policy>) -> Facts {
    facts.seen.policies = Some(observed(policies));
    facts
}

#[test]
fn a_number_that_somebody_only_mentions_is_never_certain() {
    let confidence = |text: &str| decide(&read(text.as_bytes()), &Facts::default()).confidence;
    for text in [
        "since Monday there is no more AADSTS53003 in the log",
        "\"AADSTS50057 tester\" signed in",
    ] {
        assert_eq!(confidence(text), Confidence::Likely, "{text}");
    }
    for text in [
        "AADSTS53003",
        "AADSTS53003: Access has been blocked",
        "AADSTS50057 The user account is disabled.",
    ] {
        assert_eq!(confidence(text), Confidence::High, "{text}");
    }
}

#[test]
fn a_revoked_grant_alone_stays_password_or_sessions() {
    let found = alone(REVOKED);
    assert_eq!(found.cause, Category::PasswordChanged);
    assert_eq!(found.confidence, Confidence::Likely);
    assert!(
        found
            .headline
            .contains("or all their sessions were revoked")
    );
    assert_eq!(found.button, Button::Renew);
    assert!(
        found
            .evidence
            .iter()
            .any(|line| line.contains("2026-03-01 10:00 UTC"))
    );
}

#[test]
fn the_dates_of_graph_tell_a_changed_password_from_revoked_sessions() {
    let changed = with_dates(revoked_at(), revoked_at());
    let found = diagnose(REVOKED, &changed);
    assert_eq!(
        (found.cause, found.confidence),
        (Category::PasswordChanged, Confidence::High)
    );
    let revoked = with_dates(revoked_at() - Duration::days(100), revoked_at());
    let found = diagnose(REVOKED, &revoked);
    assert_eq!(
        (found.cause, found.confidence),
        (Category::SessionRevoked, Confidence::High)
    );
}

#[test]
fn a_disabled_account_comes_before_its_revocation() {
    let mut facts = with_dates(revoked_at(), revoked_at());
    account_of(&mut facts).enabled = Some(false);
    let found = diagnose(REVOKED, &facts);
    assert_eq!(found.cause, Category::UserDisabledOrMissing);
    assert_eq!(found.who_acts, WhoActs::CustomerAdmin);
}

#[test]
fn a_federated_user_without_password_dates_dies_after_twelve_hours() {
    let raw = "AADSTS700081: The refresh token has expired due to maximum lifetime. The token \
        was issued on 2026-03-01T19:30:00Z and the maximum allowed lifetime for this \
        application is 12:00:00.";
    let federated = Facts {
        realm: Realm::Federated,
        ..Facts::default()
    };
    let found = diagnose(raw, &federated);
    assert_eq!(
        (found.cause, found.confidence),
        (Category::Federation, Confidence::Likely)
    );
    assert!(
        found
            .remedy
            .iter()
            .any(|step| step.contains("LastPasswordChangeTimestamp"))
    );
    assert_eq!(alone(raw).cause, Category::ExpiredLifetime);
    let policy = with_policies(federated, vec![frequency(12 * 3600)]);
    assert_eq!(diagnose(raw, &policy).cause, Category::ExpiredLifetime);
}

#[test]
fn twelve_hours_are_counted_from_the_sign_in() {
    let aged = |hours| Facts {
        realm: Realm::Federated,
        obtained_at: Some(NOW - Duration::hours(hours)),
        now: Some(NOW),
        ..Facts::default()
    };
    let bare = r#"{"error":"invalid_grant"}"#;
    assert_eq!(diagnose(bare, &aged(13)).cause, Category::Federation);
    assert_eq!(diagnose(bare, &aged(13)).confidence, Confidence::Unsure);
    for hours in [11, 15, 24 * 30] {
        assert_eq!(
            diagnose(bare, &aged(hours)).cause,
            Category::Unknown,
            "{hours}"
        );
    }
}

#[test]
fn a_sign_in_frequency_of_days_is_never_the_federated_case() {
    let facts = Facts {
        realm: Realm::Federated,
        obtained_at: Some(NOW - Duration::hours(13)),
        now: Some(NOW),
        ..Facts::default()
    };
    let found = diagnose(
        "AADSTS70043: … the maximum allowed lifetime for this request is 86400.",
        &facts,
    );
    assert_eq!(
        (found.cause, found.confidence),
        (Category::SignInFrequency, Confidence::Likely)
    );
    assert!(
        found
            .evidence
            .contains(&"The longest life allowed is 1 day.".to_owned())
    );
}

#[test]
fn how_the_token_was_made_explains_why_a_policy_struck() {
    let facts = Facts {
        obtained_by: Some(Method::DeviceCode),
        token_class: Some(TokenClass::Public),
        ..Facts::default()
    };
    for raw in ["AADSTS70043: too old", "AADSTS53003: blocked"] {
        let told = diagnose(raw, &facts).evidence;
        assert!(
            told.iter().any(|line| line.contains("device code")),
            "{told:?}"
        );
        let untold = alone(raw).evidence;
        assert!(
            !untold.iter().any(|line| line.contains("device code")),
            "{untold:?}"
        );
    }
}

#[test]
fn invalid_client_accuses_us_and_never_the_customer() {
    for raw in [
        r#"{"error":"invalid_client"}"#,
        r#"{"error":"invalid_client","error_description":"AADSTS5009999: new","error_codes":[5009999]}"#,
        "invalid_client AADSTS7000222: The provided client secret keys are expired.",
        "invalid_client AADSTS7000215: Invalid client secret provided.",
    ] {
        let found = alone(raw);
        assert_eq!(found.who_acts, WhoActs::Msp, "{raw}");
        assert_eq!(found.button, Button::AppRegistration, "{raw}");
    }
}

#[test]
fn what_is_unknown_is_tried_again_first_and_never_sure() {
    for raw in [
        "",
        "AADSTS5009999: new",
        r#"{"error":"invalid_grant"}"#,
        "connection reset",
    ] {
        let found = alone(raw);
        assert_eq!(found.cause, Category::Unknown, "{raw}");
        assert_eq!(found.confidence, Confidence::Unsure, "{raw}");
        assert_eq!(found.retryable, Retryable::Yes, "{raw}");
        assert_eq!(found.button, Button::ValidateAgain, "{raw}");
    }
}

#[test]
fn a_lapsed_access_token_is_no_death_and_an_old_refresh_token_is() {
    let access = alone("Lifetime validation failed, the token is expired.");
    assert_eq!(
        (access.who_acts, access.retryable),
        (WhoActs::Nobody, Retryable::Yes)
    );
    let refresh = alone("AADSTS700084: The refresh token was issued to a single page app");
    assert_eq!(refresh.retryable, Retryable::AfterUserAction);
    assert_eq!(refresh.button, Button::Renew);
}

#[test]
fn a_blocked_device_code_asks_for_the_browser() {
    let found = alone("AADSTS530036: blocked");
    assert_eq!(found.cause, Category::ConditionalAccess);
    assert!(
        found
            .remedy
            .iter()
            .any(|step| step.contains("Sign in with Microsoft"))
    );
}

#[test]
fn an_application_that_worked_before_was_deleted() {
    let raw = "AADSTS700016: Application with identifier 'x' was not found in the directory 'y'.";
    assert_eq!(alone(raw).confidence, Confidence::Likely);
    let facts = Facts {
        failed_at: Some(NOW),
        last_ok_at: Some(NOW - Duration::days(1)),
        ..Facts::default()
    };
    let found = diagnose(raw, &facts);
    assert_eq!(found.confidence, Confidence::High);
    assert!(
        found
            .evidence
            .iter()
            .any(|line| line.contains("2026-03-01"))
    );
}

#[test]
fn access_works_as_long_as_a_token_held_lives() {
    let until = |offset| Facts {
        now: Some(NOW),
        access_until: Some(NOW + Duration::minutes(offset)),
        ..Facts::default()
    };
    assert_eq!(diagnose(REVOKED, &until(5)).access_still_works, Some(true));
    assert_eq!(
        diagnose(REVOKED, &until(-5)).access_still_works,
        Some(false)
    );
    assert_eq!(alone(REVOKED).access_still_works, None);
}

#[test]
fn numbers_of_different_causes_are_never_sure() {
    let found = alone("AADSTS50057: disabled. Later: AADSTS53003: blocked.");
    assert_eq!(found.cause, Category::ConditionalAccess);
    assert_eq!(found.confidence, Confidence::Likely);
}

#[test]
fn every_number_has_steps_and_waits_only_for_what_passes() {
    for row in catalogue() {
        let found = alone(&format!("AADSTS{}: text", row.code));
        assert_eq!(found.cause, row.category, "{}", row.code);
        assert_eq!(found.who_acts, row.who_acts, "{}", row.code);
        assert!(!found.remedy.is_empty(), "{}", row.code);
        assert_ne!(found.confidence, Confidence::Unsure, "{}", row.code);
        let passes = row.retryable == Retryable::Yes;
        assert!(!passes || found.button != Button::Renew, "{}", row.code);
        let credential = matches!(
            row.category,
            Category::AppCredentialExpired | Category::AppCredentialInvalid
        );
        assert_eq!(
            credential,
            found.cause_label.starts_with("Our "),
            "{}",
            row.code
        );
        assert!(
            !credential || found.button == Button::AppRegistration,
            "{}",
            row.code
        );
    }
}

#[test]
fn a_number_that_its_category_does_not_describe_is_told_by_its_own_meaning() {
    for (code, says) in [
        (50_017, "User certificate not trusted"),
        (50_143, "Session belongs to another tenant"),
        (500_014, "Resource's principal is disabled"),
    ] {
        let found = alone(&format!("AADSTS{code}: words."));
        assert!(found.headline.starts_with(says), "{}", found.headline);
        assert_ne!(found.confidence, Confidence::High, "AADSTS{code}");
    }
}
