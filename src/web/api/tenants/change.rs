//! Adding a tenant, and changing what the MSP knows of one.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::access_tokens::ResourceWord;
use super::super::words::tenant_of;
use super::super::{Api, ApiResult, Body, Endpoint, KeyHolder, Problem};
use super::{GROUP, TenantView, answer, version_of};
use crate::app::App;
use crate::domain::api_key::ApiScope;
use crate::domain::technician::Permission;
use crate::domain::tenant::{
    self, ChangeError, FieldError, Resource, Tenant, TenantInput, TenantState,
};

/// A tenant to be added.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewTenant {
    /// 1 to 32 characters: a–z, 0–9 and inner hyphens.
    #[schemars(length(min = 1, max = 32), extend("examples" = ["contoso"]))]
    short_name: String,
    #[schemars(length(min = 1, max = 200), extend("examples" = ["Contoso Ltd"]))]
    full_name: String,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    invitation_email: String,
    #[serde(default)]
    admin_username: String,
    #[serde(default)]
    tags: Vec<String>,
    /// Without both lists: graph and exchange required, azure optional.
    required_resources: Option<Vec<ResourceWord>>,
    optional_resources: Option<Vec<ResourceWord>>,
}

/// What is to be changed; what is absent or null stays. An empty text or list takes away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TenantChanges")]
struct Changes {
    #[schemars(length(min = 1, max = 32))]
    short_name: Option<String>,
    #[schemars(length(min = 1, max = 200))]
    full_name: Option<String>,
    domain: Option<String>,
    invitation_email: Option<String>,
    admin_username: Option<String>,
    /// All tags, in place of those it has.
    tags: Option<Vec<String>>,
    required_resources: Option<Vec<ResourceWord>>,
    optional_resources: Option<Vec<ResourceWord>>,
}

pub(super) fn endpoints() -> Api {
    Api::new()
        .on(
            Endpoint::post("/api/v1/tenants", ApiScope::TenantsWrite)
                .named("create_tenant", GROUP, "Add a tenant")
                .about("Takes a key that reaches every tenant, of an owner who does.")
                .takes::<NewTenant>()
                .creates::<TenantView>()
                .problems(&[(403, "limited"), (422, "invalid")]),
            create,
        )
        .on(
            Endpoint::patch("/api/v1/tenants/{tenant}", ApiScope::TenantsWrite)
                .named("update_tenant", GROUP, "Change a tenant")
                .about("Needs `If-Match` with the version that was read, or `*`.")
                .takes::<Changes>()
                .gives::<TenantView>()
                .problems(&[
                    (403, "limited"),
                    (409, "tenant_archived"),
                    (412, "changed_meanwhile"),
                    (422, "invalid"),
                    (428, "version_needed"),
                ]),
            update,
        )
}

async fn create(
    State(app): State<App>,
    holder: KeyHolder,
    Body(new): Body<NewTenant>,
) -> ApiResult {
    if !holder.owner_may(Permission::AddTenants) {
        return Err(limited("short_name"));
    }
    let mut errors = Vec::new();
    let mut input = TenantInput {
        short_name: new.short_name,
        full_name: new.full_name,
        domain: new.domain,
        invitation_email: new.invitation_email,
        admin_username: new.admin_username,
        tags: one_each(&new.tags, &mut errors),
        ..TenantInput::blank()
    };
    let resources = (new.required_resources, new.optional_resources);
    put_resources(&mut input, resources, &mut errors);
    let tenant = parsed(&input, errors)?;
    let mut op = holder.begin(&app).await?;
    let id = tenant::add(&mut op, holder.scope(), &tenant)
        .await
        .map_err(problem)?;
    let made = tenant::find(&mut op, holder.scope(), id).await?;
    let made = made.ok_or_else(Problem::not_found)?;
    op.commit().await?;
    let place = format!("/api/v1/tenants/{}", made.id);
    Ok((
        [(header::LOCATION, place)],
        answer(StatusCode::CREATED, &made),
    )
        .into_response())
}

async fn update(
    State(app): State<App>,
    holder: KeyHolder,
    Path(named): Path<String>,
    headers: HeaderMap,
    Body(changes): Body<Changes>,
) -> ApiResult {
    let mut op = holder.begin(&app).await?;
    let before = tenant_of(&mut op, &holder, &named).await?;
    is_as_read(&headers, &before)?;
    if matches!(before.state, TenantState::Archived { .. }) {
        return Err(archived());
    }
    let mut errors = Vec::new();
    let mut input = TenantInput::of(&before);
    let texts = [
        (&mut input.short_name, changes.short_name),
        (&mut input.full_name, changes.full_name),
        (&mut input.domain, changes.domain),
        (&mut input.invitation_email, changes.invitation_email),
        (&mut input.admin_username, changes.admin_username),
        (
            &mut input.tags,
            changes.tags.map(|tags| one_each(&tags, &mut errors)),
        ),
    ];
    for (place, change) in texts {
        if let Some(change) = change {
            *place = change;
        }
    }
    let resources = (changes.required_resources, changes.optional_resources);
    put_resources(&mut input, resources, &mut errors);
    let after = parsed(&input, errors)?;
    tenant::edit(&mut op, holder.scope(), &before, &after)
        .await
        .map_err(problem)?;
    let made = tenant::find(&mut op, holder.scope(), before.id).await?;
    let made = made.ok_or_else(Problem::not_found)?;
    op.commit().await?;
    Ok(answer(StatusCode::OK, &made))
}

/// The input, when nothing is wrong with it nor was before; else everything that is, at once.
fn parsed(input: &TenantInput, mut errors: Vec<FieldError>) -> ApiResult<tenant::NewTenant> {
    match input.parse() {
        Ok(parsed) if errors.is_empty() => return Ok(parsed),
        Ok(_) => {}
        Err(more) => errors.extend(more),
    }
    Err(invalid(errors))
}

/// As the console's field takes them, which parts them by commas and blanks.
fn one_each(tags: &[String], errors: &mut Vec<FieldError>) -> String {
    let is_odd = |tag: &&String| {
        tag.is_empty()
            || tag
                .chars()
                .any(|one| one == ',' || one == ';' || one.is_whitespace())
    };
    if tags.iter().find(is_odd).is_some() {
        let message = "Each tag is a string of its own: letters, digits and hyphens.";
        errors.push(FieldError::new("tags", message));
        return String::new();
    }
    tags.join(",")
}

/// Whoever changes something says which version they read.
fn is_as_read(headers: &HeaderMap, tenant: &Tenant) -> ApiResult<()> {
    let Some(read) = headers.get(header::IF_MATCH) else {
        let status = StatusCode::PRECONDITION_REQUIRED;
        return Err(Problem::new(status, "version_needed", "Say which version you read")
            .detail("Send the ETag of the tenant as If-Match, so that nobody's change is lost; * for whatever it is."));
    };
    let read = read.to_str().unwrap_or_default();
    let is_tag =
        |one: &str| one == "*" || (one.len() > 1 && one.starts_with('"') && one.ends_with('"'));
    if !read.split(',').all(|one| is_tag(one.trim())) {
        return Err(Problem::bad_request(
            "If-Match is the ETag as it was read, with its quotation marks, or *.",
        ));
    }
    let version = version_of(tenant);
    if read
        .split(',')
        .any(|one| one.trim() == "*" || one.trim() == version)
    {
        return Ok(());
    }
    Err(stale())
}

fn stale() -> Problem {
    let status = StatusCode::PRECONDITION_FAILED;
    Problem::new(
        status,
        "changed_meanwhile",
        "Somebody changed this tenant meanwhile",
    )
    .detail("Nothing was changed. Read it again and send the change with its new ETag.")
}

pub(super) fn archived() -> Problem {
    Problem::conflict(
        "tenant_archived",
        "This tenant is archived. Restore it first.",
    )
}

fn limited(field: &str) -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "limited",
        "This key or its owner is limited to some tenants",
    )
    .detail(
        "Adding tenants, and changing short names or tags, takes a key that reaches every tenant.",
    )
    .with("field", field)
}

/// A list that is given is the whole of its kind; what it names leaves the other.
fn put_resources(
    input: &mut TenantInput,
    (required, optional): (Option<Vec<ResourceWord>>, Option<Vec<ResourceWord>>),
    errors: &mut Vec<FieldError>,
) {
    let words = |list: Option<Vec<ResourceWord>>| -> Option<Vec<&'static str>> {
        let list = list?.into_iter();
        Some(list.map(|one| Resource::from(one).as_str()).collect())
    };
    let (required, optional) = (words(required), words(optional));
    let named_twice = required.iter().flatten().find(|word| {
        let optional = optional.as_deref().unwrap_or_default();
        optional.contains(word)
    });
    if let Some(word) = named_twice {
        let message = format!("{word} is in both lists. Leave it in one of them.");
        errors.push(FieldError::new("optional_resources", message));
        return;
    }
    for (choice, words) in [("required", required), ("optional", optional)] {
        let Some(words) = words else { continue };
        let set = &mut input.resources;
        set.retain(|(word, known)| known != choice && !words.contains(&word.as_str()));
        set.extend(
            words
                .iter()
                .map(|word| ((*word).to_owned(), choice.to_owned())),
        );
    }
}

pub(in crate::web::api) fn invalid(errors: Vec<FieldError>) -> Problem {
    // The console's form has one field for what the API takes as two lists.
    let named = |field| match field {
        "resources" => "required_resources",
        other => other,
    };
    let errors = errors.into_iter();
    Problem::invalid(errors.map(|error| (named(error.field).to_owned(), error.message)))
}

fn problem(error: ChangeError) -> Problem {
    match error {
        ChangeError::Stale => stale(),
        ChangeError::Limited(field) => limited(field),
        ChangeError::Database(error) => error.into(),
        taken @ ChangeError::ShortNameTaken { .. } => {
            invalid(taken.field_error().into_iter().collect())
        }
    }
}
