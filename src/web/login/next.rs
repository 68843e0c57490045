//! Where a login leads: back to the page that was asked for, and never to another site.

use tower_sessions::Session;
use url::Url;

use crate::app::App;
use crate::web::kit::error::WebError;
use crate::web::kit::paths;

/// Under this key a session that is not yet a login holds where it leads.
const KEY: &str = "next";

/// Remember where the login leads, until both factors are proved.
pub(super) async fn keep(session: &Session, next: &str, app: &App) -> Result<(), WebError> {
    let to = destination(next, &app.site.base_url);
    Ok(session.insert(KEY, to).await?)
}

/// Where the login leads; the start page when nothing is remembered.
pub(super) async fn take(session: &Session, app: &App) -> Result<String, WebError> {
    let kept = session.remove::<String>(KEY).await?;
    Ok(destination(&kept.unwrap_or_default(), &app.site.base_url))
}

/// `next` when it is the path of a page here, else the start page. Browsers read `//host` and `/\host` as another site
/// and drop tabs and line breaks, so none of these passes (WHATWG URL standard, path-absolute state).
pub fn destination(next: &str, base: &Url) -> String {
    let is_path = next.starts_with('/') && !next.starts_with("//");
    let is_plain = next
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let stays = || {
        base.join(next)
            .is_ok_and(|url| url.origin() == base.origin())
    };
    let is_login = [paths::LOGIN, paths::LOGOUT].iter().any(|own| {
        next.strip_prefix(own)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    });
    if is_path && is_plain && !is_login && stays() {
        next.to_owned()
    } else {
        paths::HOME.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(next: &str) -> String {
        destination(next, &Url::parse("https://portal.msp.example").unwrap())
    }

    #[test]
    fn pages_of_ours_are_gone_back_to() {
        for page in [
            "/tenants",
            "/monitoring/msal-errors?code=50173&page=2",
            "/tenants/contoso/edit",
            "/loginhelp",
        ] {
            assert_eq!(to(page), page);
        }
    }

    #[test]
    fn nothing_leads_to_another_site() {
        for trick in [
            "",
            "tenants",
            "https://evil.example/",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " /tenants",
            "javascript:alert(1)",
            "/ä",
            "/..//evil.example/\u{0}",
        ] {
            assert_eq!(to(trick), "/", "{trick:?}");
        }
    }

    #[test]
    fn a_login_does_not_lead_to_the_login() {
        for circle in ["/login", "/login?next=/login", "/login/link/abc", "/logout"] {
            assert_eq!(to(circle), "/", "{circle}");
        }
    }
}
