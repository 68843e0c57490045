//! The mail of a draft as its first reader would get it.

use crate::app::App;
use crate::domain::campaign::{self, Campaign};
use crate::domain::customer_mail::{self, Kind};
use crate::domain::op::Op;
use crate::domain::{branding, tenant};
use crate::language::exact;
use crate::storage::TenantId;
use crate::web::kit::error::WebResult;
use crate::web::kit::viewer::Viewer;

/// A mail that nobody gets.
pub struct Sample {
    pub to: String,
    pub subject: String,
    pub text: String,
}

/// None when nobody would be asked now.
pub async fn sample(
    app: &App,
    op: &mut Op,
    viewer: &Viewer,
    campaign: &Campaign,
    first: Option<TenantId>,
) -> WebResult<Option<Sample>> {
    let Some(first) = first else {
        return Ok(None);
    };
    let Some(found) = tenant::find(op, viewer.scope, first).await? else {
        return Ok(None);
    };
    let language = customer_mail::language(op, viewer.scope, first).await?;
    let template = match &campaign.template {
        Some(own) => own.clone(),
        None => customer_mail::text(op, Kind::Campaign, language).await?.0,
    };
    let brand = branding::read(op).await?;
    let (sender, now) = (app.sender(), op.now());
    let mut letter =
        customer_mail::sample(&sender, &brand, Kind::Campaign, language, template, now);
    letter.to = found.invitation_email;
    let resources = found.resources.iter().map(|one| one.resource.name());
    let mut own = vec![
        ("tenant", found.full_name),
        ("resources", resources.collect::<Vec<_>>().join("\n")),
        ("technician", campaign.created_by.clone()),
        ("expires", exact(language, now + campaign.validity(now))),
    ];
    let mut named = campaign::named(campaign, language);
    for word in ["reason", "deadline"] {
        own.push((word, named.remove(word).unwrap_or_default()));
    }
    letter
        .values
        .retain(|(word, _)| !own.iter().any(|(known, _)| known == word));
    letter.values.extend(own);
    let composed = letter.compose().map_err(anyhow::Error::from)?;
    Ok(Some(Sample {
        to: composed.to,
        subject: composed.subject,
        text: composed.text,
    }))
}
