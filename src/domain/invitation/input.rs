//! The invitation dialog's fields, from what was typed to values, once. Each refusal says what to do.

use super::Method;
use crate::domain::tenant::{FieldError, address};

/// How long a link is good, in hours: from one hour to thirty days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity(u16);

/// The choices that the dialog offers, in hours.
pub const VALIDITY_HOURS: [u16; 6] = [1, 24, 72, 168, 336, 720];

impl Validity {
    /// Seven days.
    pub const DEFAULT: Self = Self(168);

    /// A validity within the bounds.
    pub fn hours(hours: u16) -> Option<Self> {
        (1..=720).contains(&hours).then_some(Self(hours))
    }

    /// The number of hours.
    pub const fn in_hours(self) -> u16 {
        self.0
    }

    pub(super) fn duration(self) -> time::Duration {
        time::Duration::hours(i64::from(self.0))
    }
}

/// The dialog as typed, nothing checked yet.
#[derive(Clone, Debug, Default)]
pub struct InvitationInput {
    /// E-mail address for the token invitation; empty means link only.
    pub invitation_email: String,
    /// The expected M365 admin username.
    pub admin_username: String,
    /// `device_code` or `auth_code`.
    pub method: String,
    pub validity_hours: String,
    /// See [`Terms::lasting`].
    pub lasting: bool,
}

/// The dialog's values, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Empty means link only.
    pub invitation_email: String,
    /// Empty means that a technician confirms who signed in.
    pub expected_admin: String,
    pub method: Method,
    pub validity: Validity,
    /// To replace what works by what lasts longer: the method is fixed.
    pub lasting: bool,
}

impl InvitationInput {
    /// Check every field; all problems are reported at once.
    pub fn parse(&self) -> Result<Terms, Vec<FieldError>> {
        let email = address("invitation_email", &self.invitation_email);
        let admin = address("admin_username", &self.admin_username);
        let method = self
            .method
            .parse()
            .map_err(|_| FieldError::new("method", "Choose how the administrator signs in."));
        let validity = self
            .validity_hours
            .parse()
            .ok()
            .and_then(Validity::hours)
            .ok_or_else(|| {
                FieldError::new(
                    "validity_hours",
                    "Choose how long the link is good: one hour to thirty days.",
                )
            });
        let method = method.and_then(|method| {
            if self.lasting && method == Method::DeviceCode {
                let why = "A device code is what ends sooner. Choose another way.";
                return Err(FieldError::new("method", why));
            }
            Ok(method)
        });
        match (email, admin, method, validity) {
            (Ok(invitation_email), Ok(expected_admin), Ok(method), Ok(validity)) => Ok(Terms {
                invitation_email,
                expected_admin,
                method,
                validity,
                lasting: self.lasting,
            }),
            (email, admin, method, validity) => {
                Err([email.err(), admin.err(), method.err(), validity.err()]
                    .into_iter()
                    .flatten()
                    .collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> InvitationInput {
        InvitationInput {
            invitation_email: " it@contoso.example ".into(),
            admin_username: "admin@contoso.example".into(),
            method: "device_code".into(),
            validity_hours: "168".into(),
            lasting: false,
        }
    }

    #[test]
    fn a_complete_dialog_is_read_and_trimmed() {
        let terms = typed().parse().unwrap();
        assert_eq!(terms.invitation_email, "it@contoso.example");
        assert_eq!(terms.validity, Validity::DEFAULT);
    }

    #[test]
    fn no_address_and_no_administrator_is_a_link_only_invitation() {
        let mut input = typed();
        input.invitation_email.clear();
        input.admin_username.clear();
        let terms = input.parse().unwrap();
        assert_eq!(
            (
                terms.invitation_email.as_str(),
                terms.expected_admin.as_str()
            ),
            ("", "")
        );
    }

    #[test]
    fn every_wrong_field_is_told_at_once() {
        let input = InvitationInput {
            invitation_email: "two@a.example, more@b.example".into(),
            admin_username: "admin".into(),
            method: "password".into(),
            validity_hours: "721".into(),
            lasting: false,
        };
        let fields: Vec<_> = input.parse().unwrap_err().iter().map(|e| e.field).collect();
        assert_eq!(
            fields,
            [
                "invitation_email",
                "admin_username",
                "method",
                "validity_hours"
            ]
        );
    }
}
