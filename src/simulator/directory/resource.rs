//! The Microsoft resources that the simulator knows, and the directory role templates that matter to consent.

use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

/// Global Administrator: may consent to anything.
pub const GLOBAL_ADMINISTRATOR: Uuid = uuid!("62e90394-69f5-4237-9190-012177145e10");
/// Privileged Role Administrator: may consent to anything.
pub const PRIVILEGED_ROLE_ADMINISTRATOR: Uuid = uuid!("e8611ab8-c189-46e8-94e1-60213ab1f814");
/// Cloud Application Administrator: may consent to all but Graph application permissions.
pub const CLOUD_APPLICATION_ADMINISTRATOR: Uuid = uuid!("158c047a-c907-4556-b7ef-446551a6b5f7");
/// Application Administrator: may consent to all but Graph application permissions.
pub const APPLICATION_ADMINISTRATOR: Uuid = uuid!("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3");
/// Exchange Administrator: has no say in consent.
pub const EXCHANGE_ADMINISTRATOR: Uuid = uuid!("29232cdf-9323-42fd-ade2-1d097af3e4de");
/// Global Reader: has no say in consent.
pub const GLOBAL_READER: Uuid = uuid!("f2ef992c-3afb-46b9-b7cf-a126ee74c451");

/// Display names of the role templates above, as the control page and Graph show them.
pub const ROLES: [(Uuid, &str); 6] = [
    (GLOBAL_ADMINISTRATOR, "Global Administrator"),
    (
        PRIVILEGED_ROLE_ADMINISTRATOR,
        "Privileged Role Administrator",
    ),
    (
        CLOUD_APPLICATION_ADMINISTRATOR,
        "Cloud Application Administrator",
    ),
    (APPLICATION_ADMINISTRATOR, "Application Administrator"),
    (EXCHANGE_ADMINISTRATOR, "Exchange Administrator"),
    (GLOBAL_READER, "Global Reader"),
];

/// The display name of a role template, or "Directory role" when the simulator has no name for it.
pub fn role_name(template: Uuid) -> &'static str {
    ROLES
        .iter()
        .find(|(id, _)| *id == template)
        .map_or("Directory role", |(_, name)| name)
}

/// An API that tokens are issued for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    Graph,
    Exchange,
    Teams,
    AzureManagement,
}

impl Resource {
    pub const ALL: [Self; 4] = [
        Self::Graph,
        Self::Exchange,
        Self::Teams,
        Self::AzureManagement,
    ];

    /// The application id of the resource, as error texts and Graph name it.
    pub fn app_id(self) -> Uuid {
        match self {
            Self::Graph => uuid!("00000003-0000-0000-c000-000000000000"),
            Self::Exchange => uuid!("00000002-0000-0ff1-ce00-000000000000"),
            Self::Teams => uuid!("48ac35b8-9aa8-4d74-927d-1f4a14a0b239"),
            Self::AzureManagement => uuid!("797f4846-ba00-4fd7-ba43-dac1f8f63013"),
        }
    }

    /// The identifier that prefixes scopes and stands in `aud`.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Graph => "https://graph.microsoft.com",
            Self::Exchange => "https://outlook.office365.com",
            Self::Teams => "48ac35b8-9aa8-4d74-927d-1f4a14a0b239",
            Self::AzureManagement => "https://management.azure.com",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Graph => "Microsoft Graph",
            Self::Exchange => "Office 365 Exchange Online",
            Self::Teams => "Skype and Teams Tenant Admin API",
            Self::AzureManagement => "Windows Azure Service Management API",
        }
    }

    /// The resource that `identifier` names. `graph` is the simulator's own address, which stands for Graph as well,
    /// since scopes carry the host of the cloud they are for.
    pub fn parse(identifier: &str, graph: &str) -> Option<Self> {
        let wanted = identifier.trim_end_matches('/').to_ascii_lowercase();
        if wanted == graph.trim_end_matches('/').to_ascii_lowercase() {
            return Some(Self::Graph);
        }
        match wanted.as_str() {
            "https://outlook.office.com" => Some(Self::Exchange),
            "https://management.core.windows.net" => Some(Self::AzureManagement),
            "https://api.interfaces.records.teams.microsoft.com" => Some(Self::Teams),
            _ => Self::ALL
                .into_iter()
                .find(|r| wanted == r.identifier() || wanted == r.app_id().to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_known_by_address_by_app_id_and_by_the_simulators_own_address() {
        let base = "http://127.0.0.1:4000";
        let known = |id: &str| Resource::parse(id, base);
        assert_eq!(known("https://graph.microsoft.com/"), Some(Resource::Graph));
        assert_eq!(known("http://127.0.0.1:4000"), Some(Resource::Graph));
        assert_eq!(
            known("00000002-0000-0FF1-CE00-000000000000"),
            Some(Resource::Exchange)
        );
        assert_eq!(
            known("https://management.azure.com/"),
            Some(Resource::AzureManagement)
        );
        assert_eq!(known("https://example.com"), None);
    }
}
