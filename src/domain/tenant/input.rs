//! From what was typed to values that may be stored, once, at the edge. Each refusal says what to do.

use std::collections::BTreeSet;

use super::address::{address, domain, is_deceptive};
use super::short_name::{self, ShortName};
use super::{Resource, ResourceSetEntry};

/// A tenant as typed into the form, nothing checked yet.
#[derive(Clone, Debug, Default)]
pub struct TenantInput {
    pub short_name: String,
    pub full_name: String,
    pub domain: String,
    pub invitation_email: String,
    pub admin_username: String,
    /// Separated by commas or spaces.
    pub tags: String,
    /// Per resource word: `required`, `optional` or `off`.
    pub resources: Vec<(String, String)>,
}

/// A tenant's values, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTenant {
    pub short_name: ShortName,
    pub full_name: String,
    pub domain: String,
    pub invitation_email: String,
    pub admin_username: String,
    pub tags: Vec<String>,
    pub resources: Vec<ResourceSetEntry>,
}

/// What is wrong with one field and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The form field's name.
    pub field: &'static str,
    pub message: String,
}

impl FieldError {
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}

impl TenantInput {
    /// Check every field; all problems are reported at once.
    pub fn parse(&self) -> Result<NewTenant, Vec<FieldError>> {
        let mut errors = Vec::new();
        let short_name = keep(short_name::typed(&self.short_name), &mut errors);
        let full_name = keep(full_name(&self.full_name), &mut errors);
        let domain = keep(domain(&self.domain), &mut errors);
        let invitation_email = keep(
            address("invitation_email", &self.invitation_email),
            &mut errors,
        );
        let admin_username = keep(address("admin_username", &self.admin_username), &mut errors);
        let tags = keep(tags(&self.tags), &mut errors);
        let resources = keep(resources(&self.resources), &mut errors);
        match (
            short_name,
            full_name,
            domain,
            invitation_email,
            admin_username,
            tags,
            resources,
        ) {
            (
                Some(short_name),
                Some(full_name),
                Some(domain),
                Some(invitation_email),
                Some(admin_username),
                Some(tags),
                Some(resources),
            ) => Ok(NewTenant {
                short_name,
                full_name,
                domain,
                invitation_email,
                admin_username,
                tags,
                resources,
            }),
            _ => Err(errors),
        }
    }
}

/// What was read; what is wrong with it joins the rest.
pub(in crate::domain) fn keep<T>(
    parsed: Result<T, FieldError>,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    parsed.map_err(|error| errors.push(error)).ok()
}

fn full_name(typed: &str) -> Result<String, FieldError> {
    let text = typed.trim();
    if text.is_empty() {
        return Err(FieldError::new(
            "full_name",
            "Enter the customer's full name.",
        ));
    }
    if text.chars().count() > 200 {
        return Err(FieldError::new(
            "full_name",
            "Shorten the name to 200 characters.",
        ));
    }
    if text.chars().any(is_deceptive) {
        return Err(FieldError::new(
            "full_name",
            "Remove invisible or control characters from the name.",
        ));
    }
    Ok(text.to_owned())
}

/// Whether a tag may be called so: letters a–z, digits and hyphens, 40 at most.
pub fn is_tag(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !text.starts_with('-')
}

fn tags(typed: &str) -> Result<Vec<String>, FieldError> {
    let mut tags = BTreeSet::new();
    for word in typed
        .split([',', ' ', ';', '\n'])
        .map(str::trim)
        .filter(|w| !w.is_empty())
    {
        let tag = word.to_lowercase();
        if !is_tag(&tag) {
            let shown: String = word
                .chars()
                .filter(|c| !is_deceptive(*c))
                .take(40)
                .collect();
            return Err(FieldError::new(
                "tags",
                format!("Change the tag “{shown}”: letters a–z, digits and hyphens, at most 40."),
            ));
        }
        tags.insert(tag);
    }
    if tags.len() > 20 {
        return Err(FieldError::new("tags", "Use at most 20 tags."));
    }
    Ok(tags.into_iter().collect())
}

fn resources(typed: &[(String, String)]) -> Result<Vec<ResourceSetEntry>, FieldError> {
    let mut set = Vec::new();
    for resource in Resource::ALL {
        let choice = typed
            .iter()
            .find(|(word, _)| word == resource.as_str())
            .map(|(_, choice)| choice.as_str());
        match choice {
            Some("required") => set.push(ResourceSetEntry {
                resource,
                required: true,
            }),
            Some("optional") => set.push(ResourceSetEntry {
                resource,
                required: false,
            }),
            Some("off") | None => {}
            Some(_) => {
                return Err(FieldError::new(
                    "resources",
                    "Choose required, optional or off for each resource.",
                ));
            }
        }
    }
    if set.iter().any(|entry| entry.required) {
        return Ok(set);
    }
    Err(FieldError::new(
        "resources",
        "Make at least one resource required; otherwise nothing could be validated.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> TenantInput {
        TenantInput {
            short_name: " Contoso ".into(),
            full_name: "Contoso Ltd".into(),
            domain: "Contoso.com".into(),
            invitation_email: "it@contoso.com".into(),
            admin_username: "admin@contoso.com".into(),
            tags: "Gold, emea gold".into(),
            resources: vec![
                ("graph".into(), "required".into()),
                ("azure".into(), "optional".into()),
            ],
        }
    }

    fn field_of(input: &TenantInput) -> Vec<&'static str> {
        input.parse().map_or_else(
            |errors| errors.iter().map(|e| e.field).collect(),
            |_| Vec::new(),
        )
    }

    #[test]
    fn what_was_typed_is_trimmed_and_folded() {
        let tenant = typed().parse().unwrap();
        assert_eq!(tenant.short_name.as_str(), "contoso");
        assert_eq!(tenant.domain, "contoso.com");
        assert_eq!(tenant.tags, ["emea", "gold"]);
        assert_eq!(tenant.resources.len(), 2);
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let input = TenantInput {
            short_name: "-x".into(),
            full_name: " ".into(),
            domain: "https://contoso.com/a".into(),
            invitation_email: "a@b@c".into(),
            admin_username: "admin".into(),
            tags: "ok <script>".into(),
            resources: vec![("graph".into(), "optional".into())],
        };
        assert_eq!(
            field_of(&input),
            [
                "short_name",
                "full_name",
                "domain",
                "invitation_email",
                "admin_username",
                "tags",
                "resources"
            ]
        );
    }

    #[test]
    fn invisible_characters_do_not_enter_a_name() {
        let mut input = typed();
        input.full_name = "Con\u{202e}toso".into();
        assert_eq!(field_of(&input), ["full_name"]);
        input.full_name = "Con\0toso".into();
        assert_eq!(field_of(&input), ["full_name"]);
    }

    proptest::proptest! {
        #[test]
        fn what_is_accepted_fits_the_tables_checks(short in ".{0,40}", name in ".{0,220}", tags in ".{0,60}") {
            let input = TenantInput { short_name: short, full_name: name, tags, ..typed() };
            if let Ok(tenant) = input.parse() {
                proptest::prop_assert!((1..=200).contains(&tenant.full_name.chars().count()));
                proptest::prop_assert!(ShortName::parse(tenant.short_name.as_str()).is_some());
            }
        }
    }
}
