//! Ids with a type per kind of thing, so that a tenant's id cannot be passed as a connection's. Not for Microsoft's
//! ids (Entra tenant, object and client ids stay plain [`Uuid`]s, because they are not ours to make).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock;

/// A text that is no id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a {kind}")]
pub struct ParseIdError {
    /// The kind that was wanted, e.g. `TenantId`.
    pub kind: &'static str,
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, ordered by time (UUID version 7), made here because Postgres before 18 cannot.
            #[expect(clippy::new_without_default, reason = "a default id would suggest one that is always the same")]
            pub fn new() -> Self {
                Self(clock::ordered_uuid())
            }

            /// The id as the database and the wire know it.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self).map_err(|_| ParseIdError { kind: stringify!($name) })
            }
        }
    )+};
}

uuid_ids! {
    /// A customer organisation.
    TenantId;
    /// A mail to a customer.
    CustomerMailId;
    /// Our standing with one tenant's Entra.
    ConnectionId;
    /// A link that lets a tenant's administrator authorise the MSP.
    InvitationId;
    /// One attempt, in one browser, to use an invitation.
    FlowId;
    /// A person of the MSP with a login.
    TechnicianId;
    /// An application of the MSP at Microsoft, by which it asks for tokens.
    AppRegistrationId;
    /// A secret or certificate of an app registration.
    AppCredentialId;
    /// A wrapped data key.
    DataKeyId;
    /// One run of "Validate Authentication".
    ValidationId;
    /// A technician's own name for a way to look at a list.
    SavedViewId;
    /// A technician's stay in a tenant's portal.
    VisitId;
    /// An entry of the audit log.
    AuditEventId;
    /// Many tenants that are asked for one reason.
    CampaignId;
    /// A key by which scripts ask the API.
    ApiKeyId;
}

/// The number of a recorded failure answer; the newest has the highest.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct MsalErrorId(pub i64);

impl fmt::Display for MsalErrorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for MsalErrorId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id: i64 = text.parse().map_err(|_| ParseIdError {
            kind: "MsalErrorId",
        })?;
        Ok(Self(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let ids: Vec<_> = (0..100).map(|_| TenantId::new()).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn an_id_survives_text_and_json() {
        let id = ConnectionId::new();
        assert_eq!(id.to_string().parse(), Ok(id));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<ConnectionId>(&json).unwrap(), id);
    }

    #[test]
    fn what_is_no_id_says_which_kind_was_wanted() {
        let error = "acme".parse::<TenantId>().unwrap_err();
        assert_eq!(error.to_string(), "not the id of a TenantId");
        assert!("12a".parse::<MsalErrorId>().is_err());
        assert_eq!("12".parse(), Ok(MsalErrorId(12)));
    }
}
