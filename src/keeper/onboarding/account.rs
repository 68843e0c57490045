//! Is the account that signed in the expected one? Pure. Whoever fails here leaves nothing behind but a name on the page.

use super::attempt::ExpectedTenant;
use super::words;
use crate::entra::{CONSUMERS, IdClaims};

/// Who should sign in.
#[derive(Clone, Debug)]
pub(super) struct Expected<'a> {
    pub tenant: ExpectedTenant,
    /// Of the invitation; empty without one.
    pub admin: &'a str,
    /// "I am someone else" was chosen.
    pub someone_else: bool,
    /// The setting `invitations.hold`: a technician confirms everybody.
    pub hold: bool,
}

/// The verdict on an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    /// Stored apart until a technician confirms who it was.
    Held,
    /// Nothing is stored; the word of `onboarding_flows.failure`.
    Refused(&'static str),
}

/// The rule.
pub(super) fn judge(claims: &IdClaims, expected: &Expected<'_>) -> Verdict {
    if claims.tid == CONSUMERS {
        return Verdict::Refused(words::PERSONAL_ACCOUNT);
    }
    if let ExpectedTenant::Known(id) = expected.tenant
        && id != claims.tid
    {
        return Verdict::Refused(words::WRONG_TENANT);
    }
    if claims.guest {
        return Verdict::Refused(words::GUEST_ACCOUNT);
    }
    if expected.someone_else {
        return Verdict::Held;
    }
    if expected.admin.is_empty() {
        return Verdict::Held;
    }
    if !is(claims, expected.admin) {
        return Verdict::Refused(words::WRONG_PERSON);
    }
    if expected.hold || expected.tenant == ExpectedTenant::Unresolved {
        return Verdict::Held;
    }
    Verdict::Accepted
}

/// The name under which the account is known.
pub(super) fn username(claims: &IdClaims) -> &str {
    let known = claims.preferred_username.as_deref();
    known.or(claims.upn.as_deref()).unwrap_or_default()
}

/// The name to tell of an account that was refused: the one that differs from the expected.
pub(super) fn odd_name<'a>(claims: &'a IdClaims, expected: &str) -> &'a str {
    let differs = |name: &&str| !name.eq_ignore_ascii_case(expected);
    let odd = names(claims).find(differs);
    odd.unwrap_or_else(|| username(claims))
}

fn names(claims: &IdClaims) -> impl Iterator<Item = &str> {
    let names = [&claims.preferred_username, &claims.upn];
    names.into_iter().flatten().map(String::as_str)
}

/// Every name that the token has is the expected one. Letters of ASCII alone have a case here: Unicode's rules make look-alikes
/// equal (the Kelvin sign is a small k), and Entra's names are ASCII.
fn is(claims: &IdClaims, name: &str) -> bool {
    names(claims).next().is_some()
        && names(claims).all(|known| known.eq_ignore_ascii_case(name.trim()))
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;

    const HOME: Uuid = Uuid::from_u128(1);

    fn claims() -> IdClaims {
        IdClaims {
            tid: HOME,
            oid: Uuid::from_u128(2),
            preferred_username: Some("Admin@Contoso.example".into()),
            upn: None,
            name: None,
            email: None,
            guest: false,
            role_templates: Vec::new(),
            issued_at: OffsetDateTime::UNIX_EPOCH,
            auth_time: None,
        }
    }

    fn expected() -> Expected<'static> {
        Expected {
            tenant: ExpectedTenant::Known(HOME),
            admin: "admin@contoso.example",
            someone_else: false,
            hold: false,
        }
    }

    #[test]
    fn the_expected_person_of_the_expected_tenant_is_accepted_whatever_the_case() {
        assert_eq!(judge(&claims(), &expected()), Verdict::Accepted);
        let any = Expected {
            tenant: ExpectedTenant::Any,
            ..expected()
        };
        assert_eq!(judge(&claims(), &any), Verdict::Accepted);
    }

    #[test]
    fn another_tenant_person_guest_or_personal_account_is_refused_also_when_it_said_so() {
        let cases = [
            (
                IdClaims {
                    tid: Uuid::from_u128(9),
                    ..claims()
                },
                words::WRONG_TENANT,
                true,
            ),
            (
                IdClaims {
                    guest: true,
                    ..claims()
                },
                words::GUEST_ACCOUNT,
                true,
            ),
            (
                IdClaims {
                    tid: CONSUMERS,
                    ..claims()
                },
                words::PERSONAL_ACCOUNT,
                true,
            ),
            (
                IdClaims {
                    preferred_username: Some("other@contoso.example".into()),
                    ..claims()
                },
                words::WRONG_PERSON,
                false,
            ),
            (
                IdClaims {
                    preferred_username: None,
                    ..claims()
                },
                words::WRONG_PERSON,
                false,
            ),
        ];
        for (claims, word, even_if_declared) in cases {
            assert_eq!(judge(&claims, &expected()), Verdict::Refused(word));
            let declared = Expected {
                someone_else: true,
                ..expected()
            };
            let verdict = judge(&claims, &declared);
            assert_eq!(
                verdict == Verdict::Refused(word),
                even_if_declared,
                "{word}"
            );
        }
    }

    #[test]
    fn look_alikes_and_names_that_disagree_are_other_people() {
        let refused = |claims: IdClaims| {
            assert_eq!(
                judge(&claims, &expected()),
                Verdict::Refused(words::WRONG_PERSON),
                "{claims:?}"
            );
            odd_name(&claims, "admin@contoso.example").to_owned()
        };
        for name in [
            "\u{430}dmin@contoso.example",
            "adm\u{131}n@contoso.example",
            "ADM\u{130}N@contoso.example",
            "admin@contoso.example ",
            "admin@contoso.example\0",
            "admin\u{200b}@contoso.example",
            "admin@contoso.example.evil.example",
            "\u{ff41}dmin@contoso.example",
        ] {
            let one = IdClaims {
                preferred_username: Some(name.into()),
                ..claims()
            };
            assert_eq!(refused(one), name);
        }
        let disagreeing = IdClaims {
            upn: Some("mallory@contoso.example".into()),
            ..claims()
        };
        assert_eq!(refused(disagreeing), "mallory@contoso.example");
        let kelvin = Expected {
            admin: "mike@contoso.example",
            ..expected()
        };
        let claims = IdClaims {
            preferred_username: Some("mi\u{212a}e@contoso.example".into()),
            ..claims()
        };
        assert_eq!(
            judge(&claims, &kelvin),
            Verdict::Refused(words::WRONG_PERSON)
        );
    }

    #[test]
    fn whoever_was_not_expected_is_held() {
        for held in [
            Expected {
                admin: "",
                ..expected()
            },
            Expected {
                someone_else: true,
                ..expected()
            },
            Expected {
                tenant: ExpectedTenant::Unresolved,
                ..expected()
            },
            Expected {
                hold: true,
                ..expected()
            },
        ] {
            assert_eq!(judge(&claims(), &held), Verdict::Held);
        }
    }
}
