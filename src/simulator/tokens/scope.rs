//! The `scope` parameter: one resource, the names on it, and the OpenID scopes that ride along.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::directory::Resource;

const OPENID: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// A request for tokens of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes {
    /// `openid`, `profile`, `email`, `offline_access`, those that were named.
    pub openid: BTreeSet<String>,
    pub resource: Resource,
    /// `.default`: everything consented for the resource.
    pub default: bool,
    pub names: BTreeSet<String>,
    /// The request named Graph scopes without the host; the answer then does the same.
    pub short: bool,
}

impl Scopes {
    /// Read `text`, where `graph` is the simulator's own address and `tenant` how errors name the directory.
    pub fn parse(text: &str, graph: &str, tenant: &str) -> Result<Self, Aadsts> {
        let mut openid = BTreeSet::new();
        let mut resources = BTreeSet::new();
        let mut names = BTreeSet::new();
        let mut default = false;
        let mut short = true;
        for word in text.split_whitespace() {
            if OPENID.contains(&word) {
                openid.insert(word.to_owned());
                continue;
            }
            let (resource, name) = match word.rsplit_once('/') {
                None => (Resource::Graph, word),
                Some((prefix, name)) => {
                    short = false;
                    let resource = Resource::parse(prefix, graph)
                        .ok_or_else(|| aadsts::resource_unknown(prefix, tenant))?;
                    (resource, name)
                }
            };
            resources.insert(resource);
            if name == ".default" {
                default = true;
            } else if name.is_empty() || !name.chars().all(is_scope_char) {
                return Err(aadsts::scope_invalid(word));
            } else {
                names.insert(name.to_owned());
            }
        }
        if openid.is_empty() && resources.is_empty() {
            return Err(aadsts::missing_parameter("scope"));
        }
        if resources.len() > 1 {
            return Err(aadsts::several_resources(text));
        }
        if default && !names.is_empty() {
            return Err(aadsts::scope_invalid(text));
        }
        Ok(Self {
            openid,
            resource: resources.first().copied().unwrap_or(Resource::Graph),
            default,
            names,
            short,
        })
    }

    pub fn wants(&self, openid: &str) -> bool {
        self.openid.contains(openid)
    }

    /// The `scope` of the answer: the OpenID scopes asked for and all `granted` on the resource.
    pub fn answer(&self, granted: &BTreeSet<String>) -> String {
        let named = granted.iter().map(|name| {
            if self.short && self.resource == Resource::Graph {
                name.clone()
            } else {
                format!("{}/{name}", self.resource.identifier())
            }
        });
        let openid = self.openid.iter().filter(|s| *s != "offline_access");
        openid.cloned().chain(named).collect::<Vec<_>>().join(" ")
    }
}

fn is_scope_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRAPH: &str = "https://localhost:4000";

    fn parse(text: &str) -> Result<Scopes, u32> {
        Scopes::parse(text, GRAPH, "contoso").map_err(|e| e.code)
    }

    #[test]
    fn one_resource_with_openid_scopes_riding_along() {
        let scopes = parse("openid offline_access https://outlook.office365.com/.default").unwrap();
        assert_eq!(scopes.resource, Resource::Exchange);
        assert!(scopes.default && scopes.wants("offline_access") && !scopes.wants("profile"));
    }

    #[test]
    fn short_names_are_graphs_and_come_back_short() {
        let scopes = parse("User.Read openid").unwrap();
        let granted = BTreeSet::from(["User.Read".to_owned()]);
        assert_eq!(scopes.answer(&granted), "openid User.Read");
        let long = parse("https://graph.microsoft.com/User.Read").unwrap();
        assert_eq!(
            long.answer(&granted),
            "https://graph.microsoft.com/User.Read"
        );
    }

    #[test]
    fn two_resources_a_mixed_default_nothing_and_nonsense_are_refused() {
        assert_eq!(
            parse("User.Read https://management.azure.com/.default"),
            Err(28000)
        );
        assert_eq!(
            parse("https://graph.microsoft.com/.default User.Read"),
            Err(70011)
        );
        assert_eq!(parse("  "), Err(900_144));
        assert_eq!(parse("api://unknown/Some.Scope"), Err(500_011));
        assert_eq!(parse("User<Read>"), Err(70011));
    }
}
