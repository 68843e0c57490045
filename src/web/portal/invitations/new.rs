//! The dialog that makes an invitation: "Switch to auth token", "Renew" and "Resend Invitation" all lead here.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

use super::{Made, auth_url, finish, made_before, seal, sent_before};
use crate::app::App;
use crate::domain::connection::{self, Mode};
use crate::domain::invitation::{
    self, CreateError, Created, Filter, FromForm, InvitationInput, Method, NewInvitation, Terms,
    VALIDITY_HOURS, Validity,
};
use crate::domain::tenant::{FieldError, TenantState};
use crate::storage::InvitationId;
use crate::web::kit::again;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form, Query};
use crate::web::kit::notice;
use crate::web::kit::once::Once;
use crate::web::kit::paging::with_query;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::amount;
use crate::web::parts::invitations::{From, InvitationRow};
use crate::web::portal::Visit;

const NOT_ACTIVE: &str = "This tenant is suspended or archived. Resume or restore it first.";

/// The dialog. Without scripts it is a page.
#[derive(Template, WebTemplate)]
#[template(path = "portal/invitations/new.html")]
struct NewPage {
    chrome: Chrome,
    visit: Visit,
    form: DialogForm,
    /// Invitations that are still good, newest first.
    open: Vec<InvitationRow>,
    /// No mail server is set up: every invitation is link only.
    link_only: bool,
}

/// The dialog's fields with what was typed and what is wrong.
#[derive(Debug)]
struct DialogForm {
    from: From,
    action: String,
    back: String,
    invitation_email: Field,
    admin_username: Field,
    /// What the page that asked leaves to choose from: word, label, chosen.
    methods: Vec<(&'static str, &'static str, bool)>,
    method_error: Option<String>,
    validity: Vec<ValidityChoice>,
    validity_error: Option<String>,
    ask_pin: bool,
    /// Set when the keeper was away; "OK" tries again.
    away: Option<&'static str>,
    once: Once,
}

#[derive(Debug)]
struct ValidityChoice {
    hours: u16,
    label: String,
    chosen: bool,
}

impl DialogForm {
    fn new(
        visit: &Visit,
        offer: Offer,
        typed: &InvitationInput,
        ask_pin: bool,
        errors: &[FieldError],
    ) -> Self {
        let from = offer.from;
        let error = |field: &str| {
            let found = errors.iter().find(|error| error.field == field);
            found.map(|error| error.message.clone())
        };
        let field = |name: &str, value: &str| Field::new(value).with_error(error(name));
        let label = |hours: u16| amount(time::Duration::hours(i64::from(hours)));
        Self {
            from,
            action: visit.paths().invitations(),
            back: from.address(visit.paths()),
            invitation_email: field("invitation_email", &typed.invitation_email),
            admin_username: field("admin_username", &typed.admin_username),
            methods: offer
                .methods
                .iter()
                .map(|method| {
                    (
                        method.as_str(),
                        label_of(*method),
                        typed.method == method.as_str(),
                    )
                })
                .collect(),
            method_error: error("method"),
            validity: VALIDITY_HOURS
                .map(|hours| ValidityChoice {
                    hours,
                    label: label(hours),
                    chosen: typed.validity_hours == hours.to_string(),
                })
                .into(),
            validity_error: error("validity_hours"),
            ask_pin,
            away: None,
            once: Once::default(),
        }
    }
}

/// What a dialog offers.
#[derive(Clone, Copy)]
struct Offer {
    from: From,
    /// The ways to be let in, the usual one first.
    methods: &'static [Method],
}

impl Offer {
    /// By where the dialog was opened and how the tenant lets us in now: what ran without a person is renewed without one.
    const fn new(from: From, now: Option<Mode>) -> Self {
        let methods: &[Method] = match (from, now) {
            (From::App, _) => &[Method::AppOnly],
            (From::Longer, _) => &[Method::AuthCode, Method::AppOnly],
            (From::M365, _) | (_, None | Some(Mode::AuthToken)) => {
                &[Method::DeviceCode, Method::AuthCode]
            }
            (_, Some(Mode::AppOnly)) => &[Method::AppOnly, Method::DeviceCode, Method::AuthCode],
        };
        Self { from, methods }
    }

    async fn read(app: &App, viewer: &Viewer, visit: &Visit, from: &str) -> WebResult<Self> {
        let mut op = viewer.begin(app).await?;
        let standing = connection::standing(&mut op, visit.scope(), visit.id).await?;
        Ok(Self::new(From::read(from), standing.map(|now| now.mode)))
    }

    fn usual(self) -> &'static str {
        self.methods.first().map_or("", |method| method.as_str())
    }
}

const fn label_of(method: Method) -> &'static str {
    match method {
        Method::DeviceCode => "Device code",
        Method::AuthCode => "Sign in with Microsoft",
        Method::AppOnly => "App registration (consent of an administrator)",
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewQuery {
    from: String,
}

/// GET: the dialog, prefilled with what is known of the tenant.
pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
    Query(query): Query<NewQuery>,
) -> WebResult {
    if visit.tenant.state != TenantState::Active {
        return Err(WebError::Conflict(NOT_ACTIVE));
    }
    let offer = Offer::read(&app, &viewer, &visit, &query.from).await?;
    let typed = InvitationInput {
        invitation_email: visit.tenant.invitation_email.clone(),
        admin_username: visit.tenant.admin_username.clone(),
        method: offer.usual().to_owned(),
        validity_hours: Validity::DEFAULT.in_hours().to_string(),
        lasting: offer.from == From::Longer,
    };
    let form = DialogForm::new(&visit, offer, &typed, app.site.ask_pin, &[]);
    Ok(page(&app, &viewer, visit, chrome, form)
        .await?
        .into_response())
}

async fn page(
    app: &App,
    viewer: &Viewer,
    visit: Visit,
    chrome: Chrome,
    form: DialogForm,
) -> WebResult<NewPage> {
    let mut op = viewer.begin(app).await?;
    let now = op.now();
    let pending = Filter {
        state: Some("pending".to_owned()),
        search: String::new(),
    };
    let (open, _) = invitation::list(&mut op, visit.scope(), &pending, 3, 0).await?;
    Ok(NewPage {
        open: open
            .into_iter()
            .map(|row| InvitationRow::new(row, form.from, now))
            .collect(),
        link_only: app.mailer.is_none(),
        chrome,
        visit,
        form,
    })
}

/// The dialog as sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CreateForm {
    from: String,
    invitation_email: String,
    admin_username: String,
    method: String,
    validity_hours: String,
    /// A box: any text is a tick.
    ask_pin: String,
    once: Once,
}

/// "OK": create, mail, and show the Auth URL.
pub async fn create(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    session: Session,
    chrome: Chrome,
    Form(form): Form<CreateForm>,
) -> WebResult {
    let offer = Offer::read(&app, &viewer, &visit, &form.from).await?;
    let from = offer.from;
    let ask_pin = !form.ask_pin.is_empty();
    let typed = InvitationInput {
        invitation_email: form.invitation_email,
        admin_username: form.admin_username,
        method: form.method,
        validity_hours: form.validity_hours,
        lasting: from == From::Longer,
    };
    let terms = typed.parse().and_then(|terms| {
        check(offer, &visit, &terms)?;
        Ok(terms)
    });
    let terms = match terms {
        Ok(terms) => terms,
        Err(errors) => {
            let form = DialogForm::new(&visit, offer, &typed, ask_pin, &errors);
            let page = page(&app, &viewer, visit, chrome, form).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let once = form.once;
    let form_hash = form_hash(once, &typed, ask_pin);
    if let Some(id) = sent_before(&app, &viewer, &visit, &form_hash).await? {
        return made_before(&app, &viewer, &session, &visit, from, id).await;
    }
    let (created, made) = match make(&app, &viewer, &visit, terms, ask_pin, form_hash).await {
        Ok(Ended::Made(created, made)) => (created, *made),
        Ok(Ended::Before(id)) => {
            return made_before(&app, &viewer, &session, &visit, from, id).await;
        }
        Err(WebError::Keeper) => {
            let mut form = DialogForm::new(&visit, offer, &typed, ask_pin, &[]);
            form.away = Some(again::SENTENCE);
            form.once = once;
            let page = page(&app, &viewer, visit, chrome, form).await?;
            return Ok(again::page(page));
        }
        Err(error) => return Err(error),
    };
    Ok(show_made(&app, &session, chrome, visit, from, created, made).await)
}

/// The Auth URL of what was just made: behind a redirect, or with its PIN in this answer and nowhere else.
pub(super) async fn show_made(
    app: &App,
    session: &Session,
    chrome: Chrome,
    visit: Visit,
    from: From,
    created: Created,
    made: Made,
) -> Response {
    if let Some(pin) = &created.pin {
        return auth_url::after_making(app, chrome, visit, from, made, pin);
    }
    notice::leave(session, made.outcome.tone, made.outcome.text).await;
    let shown = visit.paths().auth_url(created.id);
    Redirect::to(&with_query(&shown, &[("from", from.as_str())], &[])).into_response()
}

/// What the page that asked leaves no choice about; and an application must know its Entra tenant beforehand.
fn check(offer: Offer, visit: &Visit, terms: &Terms) -> Result<(), Vec<FieldError>> {
    let wrong = |message: &str| Err(vec![FieldError::new("method", message)]);
    if !offer.methods.contains(&terms.method) {
        return wrong("Choose how the administrator signs in.");
    }
    let tenant = &visit.tenant;
    let unknown = tenant.entra_tenant_id.is_none() && tenant.domain.is_empty();
    if terms.method == Method::AppOnly && unknown {
        return wrong(
            "Microsoft has to be asked for a certain tenant: store the customer's domain first (Tenants, Edit).",
        );
    }
    Ok(())
}

/// How "OK" ended.
enum Ended {
    Made(Created, Box<Made>),
    Before(InvitationId),
}

fn form_hash(once: Once, typed: &InvitationInput, ask_pin: bool) -> [u8; 32] {
    once.hash(&[
        &typed.invitation_email,
        &typed.admin_username,
        &typed.method,
        &typed.validity_hours,
        if ask_pin { "PIN" } else { "" },
    ])
}

async fn make(
    app: &App,
    viewer: &Viewer,
    visit: &Visit,
    terms: Terms,
    ask_pin: bool,
    form_hash: [u8; 32],
) -> WebResult<Ended> {
    let sealed = seal(app, visit.id, ask_pin).await?;
    let mut op = viewer.begin(app).await?;
    let new = NewInvitation {
        tenant: visit.id,
        terms,
    };
    let ended = invitation::create_from_form(&mut op, visit.scope(), sealed, new, form_hash).await;
    match ended.map_err(create_error)? {
        FromForm::Made(created) => {
            let made = finish(app, viewer, visit, op, &created).await?;
            Ok(Ended::Made(created, Box::new(made)))
        }
        FromForm::Before(id) => Ok(Ended::Before(id)),
    }
}

pub(super) fn create_error(error: CreateError) -> WebError {
    match error {
        CreateError::NoTenant => WebError::NotFound,
        CreateError::NotActive => WebError::Conflict(NOT_ACTIVE),
        CreateError::Database(error) => error.into(),
    }
}
