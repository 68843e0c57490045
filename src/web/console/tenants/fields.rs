//! The fields of a tenant's form: from what is stored or was typed, with what is wrong; and back to what is checked.

use crate::domain::tenant::{FieldError, Resource, TenantInput};
use crate::keeper::Permission;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, error_at};

/// A sent form: names and values as they came. The resources' fields are as many as there are resources.
pub type Sent = Vec<(String, String)>;

/// What stands before a resource's word in the name of its field.
const RESOURCE: &str = "resource_";

/// The form as the template shows it.
#[derive(Debug)]
pub struct Fields {
    pub short_name: Field,
    pub full_name: Field,
    pub domain: Field,
    pub invitation_email: Field,
    pub admin_username: Field,
    pub tags: Field,
    pub resources: Vec<ResourceField>,
    pub resources_error: Option<String>,
}

/// Whether a resource belongs to the set.
#[derive(Debug)]
pub struct ResourceField {
    pub name: String,
    pub label: &'static str,
    /// What it is needed for, permission by permission.
    pub reasons: &'static [Permission],
    /// `required`, `optional` or `off`.
    pub choice: String,
}

impl Fields {
    pub fn new(typed: &TenantInput, errors: &[FieldError]) -> Self {
        let error = |name: &str| error_at(errors, name);
        let field = |name: &str, value: &str| Field::new(value).with_error(error(name));
        Self {
            short_name: field("short_name", &typed.short_name),
            full_name: field("full_name", &typed.full_name),
            domain: field("domain", &typed.domain),
            invitation_email: field("invitation_email", &typed.invitation_email),
            admin_username: field("admin_username", &typed.admin_username),
            tags: field("tags", &typed.tags),
            resources: Resource::ALL
                .map(|resource| resource_field(resource, typed))
                .into(),
            resources_error: error("resources"),
        }
    }

    /// Whether something has to be corrected.
    pub fn has_errors(&self) -> bool {
        let fields = [
            &self.short_name,
            &self.full_name,
            &self.domain,
            &self.invitation_email,
            &self.admin_username,
            &self.tags,
        ];
        self.resources_error.is_some() || fields.iter().any(|field| field.error.is_some())
    }
}

fn resource_field(resource: Resource, typed: &TenantInput) -> ResourceField {
    let choice = typed
        .resources
        .iter()
        .find(|(word, _)| word == resource.as_str());
    ResourceField {
        name: format!("{RESOURCE}{}", resource.as_str()),
        label: resource.name(),
        reasons: resource.required_permissions(),
        choice: choice.map_or_else(|| "off".to_owned(), |(_, choice)| choice.clone()),
    }
}

/// Refuse a form with a field that its page does not send.
pub fn check(sent: &Sent) -> WebResult<()> {
    const KNOWN: [&str; 8] = [
        "short_name",
        "full_name",
        "domain",
        "invitation_email",
        "admin_username",
        "tags",
        "from",
        "version",
    ];
    let is_known = |name: &str| KNOWN.contains(&name) || name.starts_with(RESOURCE);
    if sent.iter().all(|(name, _)| is_known(name)) {
        Ok(())
    } else {
        Err(WebError::UnknownField)
    }
}

/// What was typed; a field that did not come is empty.
pub fn typed(sent: &Sent) -> TenantInput {
    let text = |name: &str| value(sent, name).to_owned();
    TenantInput {
        short_name: text("short_name"),
        full_name: text("full_name"),
        domain: text("domain"),
        invitation_email: text("invitation_email"),
        admin_username: text("admin_username"),
        tags: text("tags"),
        resources: sent
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(RESOURCE)?, value)))
            .map(|(word, value)| (word.to_owned(), value.clone()))
            .collect(),
    }
}

/// The first value of this name; empty when there is none.
pub fn value<'a>(sent: &'a Sent, name: &str) -> &'a str {
    sent.iter()
        .find(|(known, _)| known == name)
        .map_or("", |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_form_needs_names_and_nothing_else() {
        let errors = TenantInput::blank().parse().unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["short_name", "full_name"]);
    }

    #[test]
    fn every_resource_has_a_field_and_a_reason() {
        let fields = Fields::new(&TenantInput::blank(), &[]);
        let choices: Vec<_> = fields
            .resources
            .iter()
            .map(|field| (field.name.as_str(), field.choice.as_str()))
            .collect();
        assert_eq!(
            choices,
            [
                ("resource_graph", "required"),
                ("resource_exchange", "required"),
                ("resource_teams", "off"),
                ("resource_azure", "optional"),
            ]
        );
        assert!(
            fields
                .resources
                .iter()
                .all(|field| !field.reasons.is_empty())
        );
        assert!(!fields.has_errors());
    }

    #[test]
    fn what_was_typed_comes_back_with_its_error() {
        let sent = vec![
            ("short_name".to_owned(), "-x".to_owned()),
            ("resource_teams".to_owned(), "optional".to_owned()),
        ];
        let typed = typed(&sent);
        let fields = Fields::new(&typed, &typed.parse().unwrap_err());
        assert_eq!(fields.short_name.value, "-x");
        assert!(fields.short_name.error.is_some());
        assert!(fields.resources_error.is_some());
        assert_eq!(fields.resources[2].choice, "optional");
    }
}
