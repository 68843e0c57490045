//! `/profile/single-sign-on`: with which account of the provider one's own login is tied, and tying it.

use askama::Template;
use askama_web::WebTemplate;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use tower_sessions::Session;

use super::{configured, leave};
use crate::app::App;
use crate::domain::sign_on::{self, Purpose};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::headers::Nonce;
use crate::web::kit::paths;
use crate::web::kit::peer::Asker;
use crate::web::kit::viewer::Viewer;
use crate::web::parts::sign_on::SignOnFacts;

#[derive(Template, WebTemplate)]
#[template(path = "login/sso/own.html")]
pub struct OwnPage {
    chrome: Chrome,
    name: String,
    facts: Option<SignOnFacts>,
}

/// GET: what is tied.
pub async fn show(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult<OwnPage> {
    let name = configured(&app)?.name.clone();
    let mut op = viewer.begin(&app).await?;
    let linked = sign_on::linked(&mut op, viewer.id).await?;
    let now = op.now();
    Ok(OwnPage {
        chrome,
        name,
        facts: linked.map(|linked| SignOnFacts::new(&linked, now)),
    })
}

/// "Tie my login to …": leaves for the provider; what comes back is tied only to who is signed in then and now.
pub async fn start(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    viewer: Viewer,
    asker: Asker,
    session: Session,
    headers: HeaderMap,
) -> WebResult<Response> {
    let browser = (&session, &headers, &asker);
    let purpose = Purpose::Link(viewer.id);
    leave::go(&app, &nonce, browser, &purpose, paths::OWN_SIGN_ON).await
}
