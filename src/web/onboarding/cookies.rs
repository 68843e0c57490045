//! The cookies of an onboarding: the link's token, the secret of the flow that this browser began, and the pass of a
//! browser that told the PIN.

use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use time::Duration;

use crate::app::App;
use crate::domain::invitation::{LinkToken, PinPass};
use crate::domain::onboarding::FlowSecret;
use crate::language::Language;

/// The link's token is kept so long after the link was opened.
const LINK_LIFE: Duration = Duration::minutes(30);
/// The flow's secret is kept so long, for whoever comes back to see what became of it.
const FLOW_LIFE: Duration = Duration::hours(24);

/// The language picked on the page.
const LANGUAGE: &str = "lang";
const LANGUAGE_LIFE: Duration = Duration::days(365);

/// `__Host-inv`; without prefix on plain http (the demo), where browsers refuse it.
fn link_name(app: &App) -> &'static str {
    if app.site.is_https() {
        "__Host-inv"
    } else {
        "inv"
    }
}

fn flow_name(app: &App) -> &'static str {
    if app.site.is_https() {
        "__Host-flow"
    } else {
        "flow"
    }
}

fn pin_name(app: &App) -> &'static str {
    if app.site.is_https() {
        "__Host-pin"
    } else {
        "pin"
    }
}

/// The link that this browser opened.
pub fn link(app: &App, jar: &CookieJar) -> Option<LinkToken> {
    LinkToken::parse(jar.get(link_name(app))?.value())
}

/// The flow that this browser began.
pub fn flow(app: &App, jar: &CookieJar) -> Option<FlowSecret> {
    FlowSecret::parse(jar.get(flow_name(app))?.value())
}

/// The pass that this browser was given for a PIN.
pub fn pin_pass(app: &App, jar: &CookieJar) -> Option<PinPass> {
    PinPass::parse(jar.get(pin_name(app))?.value())
}

/// Keep the pass, for as long as the link's token.
pub fn keep_pin_pass(app: &App, jar: CookieJar, pass: &PinPass) -> CookieJar {
    jar.add(cookie(app, pin_name(app), pass.expose(), LINK_LIFE))
}

/// The language that was picked in this browser.
pub fn language(jar: &CookieJar) -> Option<Language> {
    jar.get(LANGUAGE)?.value().parse().ok()
}

/// Keep the language; it tells nothing of anybody.
pub fn keep_language(app: &App, language: Language) -> Cookie<'static> {
    cookie(app, LANGUAGE, language.as_str(), LANGUAGE_LIFE)
}

/// Keep the link's token.
pub fn keep_link(app: &App, jar: CookieJar, token: &LinkToken) -> CookieJar {
    jar.add(cookie(app, link_name(app), token.expose(), LINK_LIFE))
}

/// Keep the flow's secret.
pub fn keep_flow(app: &App, jar: CookieJar, secret: &FlowSecret) -> CookieJar {
    jar.add(cookie(app, flow_name(app), secret.expose(), FLOW_LIFE))
}

fn cookie(app: &App, name: &'static str, value: &str, life: Duration) -> Cookie<'static> {
    Cookie::build((name, value.to_owned()))
        .path("/")
        .secure(app.site.is_https())
        .http_only(true)
        // Lax and not Strict: the browser comes back from Microsoft's pages by a link from another site.
        .same_site(SameSite::Lax)
        .max_age(life)
        .build()
}
