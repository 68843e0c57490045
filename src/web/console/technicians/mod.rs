//! "Technicians": who of the MSP has a login, for owners and admins. Nobody sets another's password: a one-time link is shown
//! once, to be handed over.

mod acts;
mod new;
mod show;
mod sign_on;
mod tenants;

use std::collections::HashMap;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use time::OffsetDateTime;

use crate::app::App;
use crate::domain::technician::factor::FactorKind;
use crate::domain::technician::{self, LINK_LIFETIME, LinkToken, Listed, Permission, Technician};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;

#[derive(Template, WebTemplate)]
#[template(path = "console/technicians/index.html")]
struct Index {
    chrome: Chrome,
    people: Vec<Person>,
}

/// One technician in the list.
struct Person {
    name: String,
    email: String,
    href: String,
    role: &'static str,
    state: Standing,
    last_login: Option<When>,
    is_viewer: bool,
    open_logins: i64,
    /// E.g. `passkey, authenticator app`; empty when there is none.
    factors: String,
}

/// Badge class and word.
type Standing = (&'static str, &'static str);

/// The one-time link, on the only page that ever shows it.
#[derive(Template, WebTemplate)]
#[template(path = "console/technicians/link.html")]
struct LinkPage {
    chrome: Chrome,
    name: String,
    address: String,
    minutes: i64,
}

pub(super) fn router() -> Routes {
    const PEOPLE: Policy = Policy::Technician(Permission::People);
    let act = |name: &str| format!("{}/{{id}}/{name}", paths::TECHNICIANS);
    Routes::new()
        .get(paths::TECHNICIANS, PEOPLE, index)
        .post(paths::TECHNICIANS, PEOPLE, new::add)
        .fresh()
        .get(paths::NEW_TECHNICIAN, PEOPLE, new::show)
        .get(
            &format!("{}/{{id}}", paths::TECHNICIANS),
            PEOPLE,
            show::show,
        )
        .get(&act("tenants"), PEOPLE, tenants::show)
        .post(&act("tenants"), PEOPLE, tenants::change)
        .fresh()
        .post(&act("role"), PEOPLE, acts::change_role)
        .fresh()
        .post(&act("reset"), PEOPLE, acts::reset)
        .fresh()
        .post(&act("factors-reset"), PEOPLE, acts::reset_factors)
        .fresh()
        .post(&act("sessions/{login}/ending"), PEOPLE, acts::end_one)
        .post(&act("disabling"), PEOPLE, acts::disable)
        .fresh()
        .post(&act("enabling"), PEOPLE, acts::enable)
        .fresh()
        .post(&act("logout"), PEOPLE, acts::end_logins)
        .post(&act("sign-on/removal"), PEOPLE, sign_on::remove)
        .fresh()
}

async fn index(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult<Index> {
    let mut op = viewer.begin(&app).await?;
    let people = technician::list(&mut op).await?;
    let open: HashMap<_, _> = technician::sessions_of_everybody(&mut op)
        .await?
        .into_iter()
        .map(|(id, sessions, kinds)| (id, (sessions, kinds)))
        .collect();
    let now = op.now();
    Ok(Index {
        chrome,
        people: people
            .iter()
            .map(|one| Person {
                open_logins: open.get(&one.technician.id).map_or(0, |open| open.0),
                factors: open
                    .get(&one.technician.id)
                    .map_or_else(String::new, |open| factor_words(&open.1)),
                ..Person::of(one, &viewer, now)
            })
            .collect(),
    })
}

impl Person {
    fn of(listed: &Listed, viewer: &Viewer, now: OffsetDateTime) -> Self {
        let technician = &listed.technician;
        Self {
            name: technician.display_name.clone(),
            email: technician.email.clone(),
            href: paths::technician(technician.id, ""),
            role: technician.role.as_str(),
            state: state(listed),
            last_login: When::maybe(listed.last_login_at, now),
            is_viewer: technician.id == viewer.id,
            open_logins: 0,
            factors: String::new(),
        }
    }
}

fn factor_words(kinds: &[FactorKind]) -> String {
    let mut words: Vec<&str> = kinds.iter().map(|kind| kind.words()).collect();
    words.dedup();
    words.join(", ")
}

fn state(listed: &Listed) -> Standing {
    let can_sign_in = listed.has_password || listed.has_sign_on;
    match (listed.technician.disabled, can_sign_in) {
        (true, _) => ("none", "Disabled"),
        (false, true) => ("valid", "Active"),
        (false, false) => ("pending", "No password yet"),
    }
}

impl LinkPage {
    fn new(
        app: &App,
        chrome: Chrome,
        technician: &Technician,
        link: &LinkToken,
    ) -> WebResult<Self> {
        let address = app.site.base_url.join(&paths::login_link(link.expose()));
        Ok(Self {
            chrome,
            name: technician.display_name.clone(),
            address: address.map_err(anyhow::Error::from)?.into(),
            minutes: LINK_LIFETIME.whole_minutes(),
        })
    }
}
