//! Mail to a technician about their own login: what was done in their name, so that they notice when it was not them. Quiet
//! without a mail server; nobody waits for it.

use super::when;
use crate::app::App;
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::operations;
use crate::domain::technician::Technician;
use crate::mail::{LoginNews, SecurityLetter};

/// Send it behind the request's back.
pub fn tell(app: &App, technician: &Technician, news: LoginNews, browser: &str, ip: &str) {
    let Some(mailer) = app.mailer.clone() else {
        return;
    };
    let profile = app.site.base_url.join(super::paths::PROFILE);
    let letter = SecurityLetter {
        to: technician.email.clone(),
        name: technician.display_name.clone(),
        msp_name: app.site.msp_name.clone(),
        news,
        at: when::exact(app.clock.now()),
        browser: browser.to_owned(),
        ip: ip.to_owned(),
        profile: profile.map(String::from).unwrap_or_default(),
    };
    let app = app.clone();
    tokio::spawn(async move {
        let sent = match letter.compose() {
            Ok(letter) => mailer.send(letter).await,
            Err(error) => Err(error),
        };
        let reason = match sent {
            Ok(()) => String::new(),
            Err(error) => {
                tracing::warn!(error = ?error, "a letter about a login could not be mailed");
                error.to_string()
            }
        };
        if let Err(error) = record(&app, &reason).await {
            tracing::warn!(%error, "a letter about a login could not be recorded");
        }
    });
}

async fn record(app: &App, reason: &str) -> Result<(), sqlx::Error> {
    let worker = Actor::Worker("mail");
    let mut op = Op::begin_within(&app.pool, &app.clock, worker, Scope::all()).await?;
    operations::record_mail(&mut op, None, "login", reason).await?;
    op.commit().await
}
