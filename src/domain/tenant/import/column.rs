//! The columns of a file of tenants, in the order of an export.

/// What a file says of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    ShortName,
    FullName,
    Domain,
    InvitationEmail,
    AdminUsername,
    Tags,
    RequiredResources,
    OptionalResources,
}

/// What an export tells besides. An import leaves it aside: it is Microsoft's or our own to say.
pub const TOLD: [&str; 2] = ["state", "entra_tenant_id"];

impl Column {
    pub const ALL: [Self; 8] = [
        Self::ShortName,
        Self::FullName,
        Self::Domain,
        Self::InvitationEmail,
        Self::AdminUsername,
        Self::Tags,
        Self::RequiredResources,
        Self::OptionalResources,
    ];

    /// As the head of an export names it, and a key of JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ShortName => "short_name",
            Self::FullName => "full_name",
            Self::Domain => "domain",
            Self::InvitationEmail => "invitation_email",
            Self::AdminUsername => "admin_username",
            Self::Tags => "tags",
            Self::RequiredResources => "required_resources",
            Self::OptionalResources => "optional_resources",
        }
    }

    /// From a head as people write it: any case, blanks or hyphens for underscores, and the words of our own lists.
    pub fn from_head(head: &str) -> Option<Self> {
        let word = folded(head);
        let known = Self::ALL.into_iter().find(|one| one.as_str() == word);
        known.or(match word.as_str() {
            "id" | "customer_id" => Some(Self::ShortName),
            "name" | "customer" | "customer_name" => Some(Self::FullName),
            "email" | "e_mail" | "invitation_e_mail" => Some(Self::InvitationEmail),
            "m365_admin" | "m365_admin_email" | "m365_admin_username" | "admin" => {
                Some(Self::AdminUsername)
            }
            _ => None,
        })
    }

    /// Place of its value in a row.
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

/// Whether this head is one of [`TOLD`].
pub(super) fn is_told(head: &str) -> bool {
    TOLD.contains(&folded(head).as_str())
}

fn folded(head: &str) -> String {
    head.trim()
        .chars()
        .map(|c| match c {
            ' ' | '-' => '_',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_known_as_people_write_them() {
        for (head, column) in [
            ("short_name", Column::ShortName),
            (" Short Name ", Column::ShortName),
            ("Full-Name", Column::FullName),
            ("M365 Admin Email", Column::AdminUsername),
            ("Invitation Email", Column::InvitationEmail),
        ] {
            assert_eq!(Column::from_head(head), Some(column), "{head}");
        }
        assert_eq!(Column::from_head("password"), None);
        assert!(is_told("State") && is_told("Entra Tenant Id"));
    }

    #[test]
    fn every_column_has_a_place_of_its_own() {
        for (at, column) in Column::ALL.into_iter().enumerate() {
            assert_eq!(column.index(), at);
        }
    }
}
