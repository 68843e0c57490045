//! Decisions by what is known besides the error; and the traps, in which the first look deceives.

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::*;

pub(super) const NOW: OffsetDateTime = datetime!(2026-03-02 08:00 UTC);
const CONSENT: &str = r#"{"error":"invalid_grant","error_description":"AADSTS65001: The user or administrator has not consented","error_codes":[65001],"suberror":"consent_required"}"#;
pub(super) const BARE: &str = r#"{"error":"invalid_grant"}"#;

/// A device-code connection that worked yesterday, is ten days old and was refused a minute ago.
pub(super) fn facts() -> Facts {
    Facts {
        now: Some(NOW),
        failed_at: Some(NOW - Duration::minutes(1)),
        obtained_at: Some(NOW - Duration::days(10)),
        obtained_by: Some(Method::DeviceCode),
        token_class: Some(TokenClass::Public),
        last_ok_at: Some(NOW - Duration::days(1)),
        realm: Realm::Managed,
        ..Facts::default()
    }
}

pub(super) fn seen<T>(value: T) -> Observed<T> {
    Observed { value, at: NOW }
}

pub(super) fn diagnose(raw: &str, facts: &Facts) -> Diagnosis {
    decide(&read(raw.as_bytes()), facts)
}

fn account() -> Account {
    Account {
        oid: uuid::Uuid::nil(),
        deleted: false,
        enabled: Some(true),
        password_changed_at: None,
        sessions_valid_from: None,
        on_premises: None,
        licences: None,
    }
}

#[track_caller]
pub(super) fn tells(found: &Diagnosis, words: &str) {
    assert!(
        found.evidence.iter().any(|line| line.contains(words)),
        "{words:?} is not in {:#?}",
        found.evidence
    );
}

#[test]
fn consent_withdrawn_application_deleted_and_switched_off_are_three_things() {
    let with = |application, grants| {
        let mut facts = facts();
        facts.seen.application = Some(seen(application));
        facts.seen.consent = Some(seen(Consent { grants }));
        diagnose(CONSENT, &facts)
    };
    let withdrawn = with(Application::Enabled, 0);
    assert_eq!(withdrawn.cause, Category::ConsentMissing);
    assert_eq!(withdrawn.confidence, Confidence::High);
    assert_eq!(withdrawn.button, Button::Renew);
    tells(&withdrawn, "No delegated consent");

    let deleted = with(Application::Absent, 0);
    assert_eq!(deleted.cause, Category::AppMissingOrDisabled);
    assert_eq!(deleted.confidence, Confidence::High);
    assert_eq!(deleted.button, Button::Renew);
    assert!(deleted.headline.contains("deleted"));

    let off = with(Application::Disabled, 3);
    assert_eq!(off.cause, Category::AppMissingOrDisabled);
    assert_eq!(off.button, Button::ValidateAgain);
    assert!(off.powershell.unwrap().contains("-AccountEnabled:$true"));

    let partly = with(Application::Enabled, 2);
    assert_eq!(partly.cause, Category::ConsentMissing);
    assert_eq!(partly.confidence, Confidence::Likely);
    assert!(!partly.to_be_sure.is_empty());
}

#[test]
fn what_was_seen_before_the_death_proves_nothing_about_it() {
    let mut facts = facts();
    facts.seen.application = Some(Observed {
        value: Application::Enabled,
        at: NOW - Duration::hours(5),
    });
    facts.seen.consent = Some(Observed {
        value: Consent { grants: 0 },
        at: NOW - Duration::hours(5),
    });
    let found = diagnose(CONSENT, &facts);
    assert_eq!(found.confidence, Confidence::Likely);
}

#[test]
fn an_application_said_to_be_missing_and_seen_is_unsure() {
    let mut facts = facts();
    facts.seen.application = Some(seen(Application::Enabled));
    let found = diagnose("AADSTS700016: Application 'x' was not found", &facts);
    assert_eq!(found.confidence, Confidence::Unsure);
    tells(&found, "contradicts");
}

#[test]
fn one_resource_without_consent_is_not_all_of_them() {
    let found = diagnose(
        CONSENT,
        &Facts {
            others_work: true,
            ..facts()
        },
    );
    assert_eq!(found.confidence, Confidence::High);
    assert!(
        found.headline.contains("this one service"),
        "{}",
        found.headline
    );
}

#[test]
fn an_account_deleted_disabled_or_at_risk_is_told_apart() {
    let with = |change: fn(&mut Account)| {
        let mut account = account();
        change(&mut account);
        let mut facts = facts();
        facts.seen.account = Some(seen(account));
        diagnose(BARE, &facts)
    };
    let deleted = with(|account| account.deleted = true);
    assert_eq!(deleted.cause, Category::UserDisabledOrMissing);
    assert_eq!(deleted.confidence, Confidence::High);
    assert!(deleted.headline.contains("deleted"));
    let disabled = with(|account| account.enabled = Some(false));
    assert!(disabled.headline.contains("disabled"));
    let fine = with(|_| {});
    assert_eq!(fine.cause, Category::Unknown);
    assert_eq!(fine.confidence, Confidence::Unsure);

    let mut facts = facts();
    facts.seen.risk = Some(seen(Risk {
        level: "high".into(),
        state: "atRisk".into(),
    }));
    let risky = diagnose("AADSTS53003: Access has been blocked", &facts);
    assert_eq!(risky.cause, Category::UserLockedOrRisky);
    assert_eq!(
        risky.confidence,
        Confidence::Likely,
        "another policy may have blocked"
    );
    let dismissed = Risk {
        level: "high".into(),
        state: "dismissed".into(),
    };
    facts.seen.risk = Some(seen(dismissed));
    let blocked = diagnose("AADSTS53003: Access has been blocked", &facts);
    assert_eq!(blocked.cause, Category::ConditionalAccess);
}

#[test]
fn a_disabled_account_that_is_enabled_again_is_no_longer_certain() {
    let mut facts = facts();
    facts.seen.account = Some(seen(account()));
    let found = diagnose("AADSTS50057: The user account is disabled.", &facts);
    assert_eq!(found.cause, Category::UserDisabledOrMissing);
    assert_eq!(found.confidence, Confidence::Likely);
}

#[test]
fn an_account_without_licence_explains_a_licence_error() {
    let mut facts = facts();
    facts.seen.account = Some(seen(Account {
        licences: Some(0),
        ..account()
    }));
    let found = diagnose("AADSTS500014: The service principal is disabled", &facts);
    assert_eq!(found.cause, Category::LicenseOrSubscription);
    tells(&found, "no licence");
    assert_eq!(found.button, Button::ValidateAgain);
}

#[test]
fn a_refusal_without_number_is_explained_by_dates_but_not_for_certain() {
    let with = |password: OffsetDateTime, sessions: OffsetDateTime| {
        let mut facts = facts();
        facts.seen.account = Some(seen(Account {
            password_changed_at: Some(password),
            sessions_valid_from: Some(sessions),
            ..account()
        }));
        diagnose(BARE, &facts)
    };
    let (lately, long_ago) = (NOW - Duration::hours(2), NOW - Duration::days(200));
    let changed = with(lately, lately);
    assert_eq!(changed.cause, Category::PasswordChanged);
    assert_eq!(changed.confidence, Confidence::Likely);
    let revoked = with(long_ago, lately);
    assert_eq!(revoked.cause, Category::SessionRevoked);
    assert_eq!(revoked.confidence, Confidence::Likely);
    let neither = with(long_ago, long_ago);
    assert_eq!(neither.confidence, Confidence::Unsure);
}

#[test]
fn dates_that_moved_on_leave_password_or_sessions_open() {
    let raw = "AADSTS50173: The grant was issued on '2026-02-01T08:00:00Z' and the TokensValidFrom date (before which \
        tokens are not valid) for this user is '2026-02-20T10:00:00.0000000Z'.";
    let mut facts = facts();
    facts.seen.account = Some(seen(Account {
        password_changed_at: Some(NOW - Duration::hours(3)),
        sessions_valid_from: Some(NOW - Duration::hours(3)),
        ..account()
    }));
    let found = diagnose(raw, &facts);
    assert_eq!(found.cause, Category::PasswordChanged);
    assert_eq!(found.confidence, Confidence::Likely);
    assert!(!found.to_be_sure.is_empty());
}

#[test]
fn a_blocked_device_code_is_named_by_number_or_by_policy() {
    let found = diagnose("AADSTS530036: blocked", &facts());
    assert_eq!(found.confidence, Confidence::High);
    assert!(found.headline.contains("device code"));
    let blocked = "AADSTS53003: Access has been blocked by Conditional Access policies.";
    let alone = diagnose(blocked, &facts());
    assert!(
        !alone.headline.contains("device code"),
        "{}",
        alone.headline
    );
    let policy = |name: &str, codes| Policy {
        name: name.into(),
        mode: PolicyMode::On,
        sign_in_frequency_s: None,
        rules: if codes {
            vec![Rule::Blocks, Rule::BlocksDeviceCode]
        } else {
            vec![Rule::Blocks]
        },
        changed_at: None,
        created_at: None,
        managed_by_microsoft: false,
    };
    let mut named = facts();
    named.seen.policies = Some(seen(vec![policy("No codes", true)]));
    let found = diagnose(blocked, &named);
    assert!(found.headline.contains("device code"), "{}", found.headline);
    assert_eq!(found.confidence, Confidence::High);
    named.seen.policies = Some(seen(vec![
        policy("No codes", true),
        policy("Trusted places", false),
    ]));
    assert_eq!(diagnose(blocked, &named).confidence, Confidence::Likely);
}

#[test]
fn a_tenant_that_is_gone_is_asked_after_in_public() {
    let raw =
        r#"{"error":"invalid_request","error_description":"AADSTS90002: Tenant 'x' not found."}"#;
    let with = |existence| {
        let mut facts = facts();
        facts.seen.tenant = Some(seen(existence));
        diagnose(raw, &facts)
    };
    assert_eq!(with(Existence::Unknown).confidence, Confidence::High);
    assert_eq!(with(Existence::Known).confidence, Confidence::Unsure);
    assert_eq!(diagnose(raw, &facts()).confidence, Confidence::Likely);
}

#[test]
fn what_many_suffer_accuses_no_customer() {
    let shared = |kind| Facts {
        shared: Some(Shared {
            kind,
            tenants: 40,
            since: NOW - Duration::minutes(10),
        }),
        ..facts()
    };
    let mass = diagnose(
        "AADSTS50076: you must use multi-factor authentication",
        &shared(SharedKind::SameError),
    );
    assert_eq!(mass.who_acts, WhoActs::Msp);
    assert_eq!(mass.confidence, Confidence::Unsure);
    assert_eq!(mass.button, Button::Wait);
    tells(&mass, "40 tenants");

    let secret = diagnose(
        "invalid_client AADSTS7000222: The provided client secret keys are expired.",
        &shared(SharedKind::OurApp),
    );
    assert_eq!(secret.cause, Category::AppCredentialExpired);
    assert_eq!(secret.button, Button::AppRegistration);
    assert_eq!(secret.confidence, Confidence::High);
    tells(&secret, "One incident: 40 tenants");

    let down = diagnose("", &shared(SharedKind::Microsoft));
    assert_eq!(down.cause, Category::MicrosoftOutage);
    assert_eq!(down.who_acts, WhoActs::Microsoft);
    assert_eq!(down.button, Button::Wait);
    let refused = diagnose(CONSENT, &shared(SharedKind::Microsoft));
    assert_eq!(
        refused.cause,
        Category::ConsentMissing,
        "a refusal is an answer"
    );
}

#[test]
fn our_own_record_of_the_credential_is_evidence() {
    let ends = |offset| Facts {
        our_app: OurApp {
            client_id: None,
            credential_ends_at: Some(NOW + Duration::days(offset)),
        },
        ..facts()
    };
    let wrong = "invalid_client AADSTS7000215: Invalid client secret provided.";
    tells(
        &diagnose(wrong, &ends(100)),
        "replaced or removed at Microsoft",
    );
    let expired = "invalid_client AADSTS7000222: The provided client secret keys are expired.";
    tells(&diagnose(expired, &ends(-1)), "it ended on 2026-03-01");
}

#[test]
fn a_held_token_that_was_seen_refused_opens_no_doors() {
    let mut facts = Facts {
        access_until: Some(NOW + Duration::minutes(30)),
        ..facts()
    };
    assert_eq!(diagnose(BARE, &facts).access_still_works, Some(true));
    facts.seen.held_token = Some(seen(HeldToken::Refused));
    assert_eq!(diagnose(BARE, &facts).access_still_works, Some(false));
    facts.seen.held_token = Some(seen(HeldToken::Works));
    assert_eq!(diagnose(BARE, &facts).access_still_works, Some(true));
}
