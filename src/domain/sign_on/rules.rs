//! What the settings say about a provider's people: which group gives which role, what proves a second factor, whether
//! strangers with a role get a login.

use super::Refused;
use crate::domain::technician::Role;
use crate::oidc::{Person, Provider};

/// Single sign-on as it is set up.
#[derive(Clone, Debug)]
pub struct Sso {
    pub provider: Provider,
    /// "Sign in with {name}".
    pub name: String,
    pub rules: Rules,
    /// Passwords are for owners in an emergency.
    pub only: bool,
}

/// Who comes in as what.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Group or app role, and what it gives; empty leaves roles to the portal.
    pub roles: Vec<(String, Role)>,
    /// Any of these in `amr` is evidence of a second factor.
    pub required_amr: Vec<String>,
    /// Refuse without evidence, instead of asking for a factor of ours.
    pub refuse_without_amr: bool,
    /// Make a login for unknown people who have a role.
    pub create: bool,
}

/// How somebody who came in has proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The provider says that a second factor was used.
    Mfa,
    /// It does not: our own second factor must be asked for.
    PasswordOnly,
}

impl Rules {
    /// The mightiest role that the person's groups give; none when roles are left to the portal.
    pub(super) fn role(&self, person: &Person) -> Result<Option<Role>, Refused> {
        if self.roles.is_empty() {
            return Ok(None);
        }
        let given = self
            .roles
            .iter()
            .filter(|(group, _)| person.groups.contains(group))
            .map(|(_, role)| *role)
            .max();
        // Groups that were left out might give more or less: what is there counts only when nothing is missing.
        match given {
            _ if person.groups_left_out => Err(Refused::TooManyGroups),
            Some(role) => Ok(Some(role)),
            None => Err(Refused::NoRole),
        }
    }

    pub(super) fn evidence(&self, person: &Person) -> Result<Evidence, Refused> {
        let proved = person
            .methods
            .iter()
            .any(|method| self.required_amr.contains(method));
        match (proved, self.refuse_without_amr) {
            (true, _) => Ok(Evidence::Mfa),
            (false, false) => Ok(Evidence::PasswordOnly),
            (false, true) => Err(Refused::NoSecondFactor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(groups: &[&str], methods: &[&str]) -> Person {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Person {
            issuer: "https://id.example".into(),
            subject: "7".into(),
            name: None,
            addresses: Vec::new(),
            methods: owned(methods),
            authenticated_at: None,
            groups: owned(groups),
            groups_left_out: false,
        }
    }

    fn rules() -> Rules {
        let roles = [
            ("desk", Role::Technician),
            ("boss", Role::Owner),
            ("all", Role::Viewer),
        ];
        Rules {
            roles: roles.map(|(group, role)| (group.to_owned(), role)).into(),
            required_amr: vec!["mfa".into(), "hwk".into()],
            ..Rules::default()
        }
    }

    #[test]
    fn of_several_groups_the_mightiest_role_counts() {
        let role = |groups: &[&str]| rules().role(&person(groups, &[]));
        assert_eq!(role(&["all", "boss", "other"]), Ok(Some(Role::Owner)));
        assert_eq!(role(&["all"]), Ok(Some(Role::Viewer)));
        assert_eq!(role(&["Boss"]), Err(Refused::NoRole), "to the letter");
        assert_eq!(role(&[]), Err(Refused::NoRole));
        assert_eq!(Rules::default().role(&person(&[], &[])), Ok(None));
    }

    #[test]
    fn groups_that_were_left_out_are_no_ground_for_a_role() {
        let mut person = person(&["boss"], &[]);
        person.groups_left_out = true;
        assert_eq!(rules().role(&person), Err(Refused::TooManyGroups));
        assert_eq!(Rules::default().role(&person), Ok(None));
    }

    #[test]
    fn only_what_the_settings_name_is_evidence_of_a_second_factor() {
        let evidence = |rules: &Rules, methods: &[&str]| rules.evidence(&person(&[], methods));
        assert_eq!(evidence(&rules(), &["pwd", "mfa"]), Ok(Evidence::Mfa));
        assert_eq!(evidence(&rules(), &["hwk"]), Ok(Evidence::Mfa));
        assert_eq!(evidence(&rules(), &["pwd"]), Ok(Evidence::PasswordOnly));
        let strict = Rules {
            refuse_without_amr: true,
            ..rules()
        };
        assert_eq!(evidence(&strict, &[]), Err(Refused::NoSecondFactor));
        assert_eq!(evidence(&strict, &["mfa"]), Ok(Evidence::Mfa));
    }
}
