//! The mail of a draft as its first reader would get it.

use crate::app::App;
use crate::domain::campaign::{self, Campaign, RowFilter};
use crate::domain::customer_mail::{self, Kind};
use crate::domain::op::Op;
use crate::domain::{branding, tenant};
use crate::language::exact;
use crate::web::kit::error::WebResult;
use crate::web::kit::viewer::Viewer;

/// How many tenants are looked through for one with an address.
const LOOKED: i64 = 50;

/// A mail that nobody gets.
pub struct Sample {
    pub to: String,
    pub subject: String,
    pub text: String,
}

/// None when none of the first tenants has an address.
pub async fn sample(
    app: &App,
    op: &mut Op,
    viewer: &Viewer,
    campaign: &Campaign,
) -> WebResult<Option<Sample>> {
    let all = RowFilter::default();
    let (rows, _) = campaign::board(op, viewer.scope, campaign.id, &all, LOOKED, 0).await?;
    let Some(row) = rows.into_iter().find(|row| !row.email.is_empty()) else {
        return Ok(None);
    };
    let found = tenant::find(op, viewer.scope, row.tenant_id).await?;
    let Some(found) = found else {
        return Ok(None);
    };
    let language = customer_mail::language(op, viewer.scope, row.tenant_id).await?;
    let template = match &campaign.template {
        Some(own) => own.clone(),
        None => customer_mail::text(op, Kind::Campaign, language).await?.0,
    };
    let brand = branding::read(op).await?;
    let (sender, now) = (app.sender(), op.now());
    let mut letter =
        customer_mail::sample(&sender, &brand, Kind::Campaign, language, template, now);
    letter.to = row.email;
    let resources = found.resources.iter().map(|one| one.resource.name());
    let mut own = vec![
        ("tenant", row.full_name),
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
