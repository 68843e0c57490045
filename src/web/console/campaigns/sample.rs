//! The mail of a draft as its first reader would get it.

use time::Duration;

use crate::app::App;
use crate::domain::campaign::{self, Campaign, RowFilter};
use crate::domain::customer_mail::Kind;
use crate::domain::op::Op;
use crate::domain::tenant;
use crate::language::{Language, exact};
use crate::mail::{ACCENT, CustomerLetter};
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
    let language = Language::default();
    let default = Kind::Campaign.default_template(language);
    let (subject, body) = campaign
        .template
        .clone()
        .unwrap_or((default.subject, default.body));
    let named = campaign::named(campaign, language);
    let said = |word: &str| named.get(word).cloned().unwrap_or_default();
    let until = campaign.deadline.unwrap_or(op.now() + Duration::days(14));
    let resources = found.resources.iter().map(|one| one.resource.name());
    let link = app.site.base_url.join("/onboarding/inv_…");
    let letter = CustomerLetter {
        to: row.email,
        language,
        subject,
        body,
        values: vec![
            ("msp", app.site.msp_name.clone()),
            ("tenant", row.full_name),
            ("resources", resources.collect::<Vec<_>>().join("\n")),
            ("reference", "R-7KQ2".to_owned()),
            ("expires", exact(language, until)),
            ("technician", campaign.created_by.clone()),
            ("reason", said("reason")),
            ("deadline", said("deadline")),
        ],
        link: Some(link.map_err(anyhow::Error::from)?.into()),
        msp_name: app.site.msp_name.clone(),
        facts: Vec::new(),
        report_to: app.site.report_to.clone(),
        contact: String::new(),
        accent: ACCENT.to_owned(),
        logo: None,
    };
    let composed = letter.compose().map_err(anyhow::Error::from)?;
    Ok(Some(Sample {
        to: composed.to,
        subject: composed.subject,
        text: composed.text,
    }))
}
