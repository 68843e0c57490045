//! The pages themselves: what each step shows, the error page, and messages.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::start::{Interaction, Purpose, Step};
use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::directory::{Realm, Wanted};
use crate::simulator::site::{Call, Site};
use crate::simulator::wire;

/// One step of a sign-in.
#[derive(Template, WebTemplate)]
#[template(path = "simulator/step.html")]
struct StepPage<'a> {
    /// Where the form posts to.
    action: String,
    app: &'a str,
    notice: Option<&'a str>,
    view: View,
}

/// What the step's page holds.
enum View {
    Pick {
        upn: String,
    },
    Account {
        typed: String,
    },
    Password {
        upn: String,
        /// The organisation whose own sign-in this stands for, when federated.
        federated: Option<String>,
    },
    SecondFactor {
        upn: String,
        code: String,
        enrol: bool,
    },
    Confirm {
        upn: String,
    },
    Consent {
        upn: String,
        permissions: Vec<Permission>,
        tick: bool,
        admin: bool,
    },
    Approval {
        upn: String,
        permissions: Vec<Permission>,
        workflow: bool,
        details: Details,
    },
    Requested,
    Done,
    Cancelled,
}

/// One line of a consent page.
struct Permission {
    resource: &'static str,
    name: String,
    application: bool,
}

/// An error page.
#[derive(Template, WebTemplate)]
#[template(path = "simulator/failure.html")]
struct FailurePage {
    title: &'static str,
    text: String,
    details: Details,
}

/// The small print of an error, which support asks for.
struct Details {
    code: u32,
    request_id: Uuid,
    correlation_id: Uuid,
    timestamp: String,
    app: Option<(String, Uuid)>,
}

/// A heading and a sentence.
#[derive(Template, WebTemplate)]
#[template(path = "simulator/message.html")]
struct MessagePage<'a> {
    title: &'a str,
    text: &'a str,
}

/// The form that carries an authorization answer to the client by POST.
#[derive(Template, WebTemplate)]
#[template(path = "simulator/form_post.html")]
struct FormPostPage<'a> {
    target: &'a str,
    fields: &'a [(&'static str, String)],
}

/// The page of the interaction's current step.
pub fn page(site: &Site, call: &Call, id: &str, interaction: &Interaction) -> Response {
    let upn = |oid: &Uuid| upn_of(site, *oid);
    let view = match &interaction.step {
        Step::Failed(failure) => return failure_of(call, interaction, failure),
        Step::Pick(session) => View::Pick {
            upn: upn(&session.user),
        },
        Step::Account(typed) => View::Account {
            typed: typed.clone(),
        },
        Step::Password { user } => View::Password {
            upn: upn(user),
            federated: federation(site, *user),
        },
        Step::SecondFactor { user, code, enrol } => View::SecondFactor {
            upn: upn(user),
            code: code.clone(),
            enrol: *enrol,
        },
        Step::Confirm(signed_in) => View::Confirm {
            upn: upn(&signed_in.user),
        },
        Step::Consent {
            signed_in,
            wanted,
            for_all,
        } => {
            let admin = matches!(interaction.purpose, Purpose::AdminConsent(_));
            View::Consent {
                upn: upn(&signed_in.user),
                permissions: permissions(wanted),
                tick: *for_all && !admin,
                admin,
            }
        }
        Step::Approval {
            signed_in,
            wanted,
            workflow,
        } => {
            let app = &interaction.app.name;
            let refusal = if *workflow {
                aadsts::approval_request_needed(app)
            } else {
                aadsts::admin_approval_needed(app)
            };
            View::Approval {
                upn: upn(&signed_in.user),
                permissions: permissions(wanted),
                workflow: *workflow,
                details: details(call, interaction, &refusal),
            }
        }
        Step::Requested => View::Requested,
        Step::Done => View::Done,
        Step::Cancelled => View::Cancelled,
    };
    StepPage {
        action: format!("/interaction/{id}"),
        app: &interaction.app.name,
        notice: interaction.notice.as_deref(),
        view,
    }
    .into_response()
}

/// The error page for a failure outside any interaction.
pub fn failure(call: &Call, failure: &Aadsts, app: Option<(String, Uuid)>) -> Response {
    let details = Details {
        code: failure.code,
        request_id: call.trace_id,
        correlation_id: call.correlation_id,
        timestamp: wire::timestamp(call.now),
        app,
    };
    failure_page(failure, details)
}

fn failure_of(call: &Call, interaction: &Interaction, failure: &Aadsts) -> Response {
    failure_page(failure, details(call, interaction, failure))
}

fn details(call: &Call, interaction: &Interaction, failure: &Aadsts) -> Details {
    Details {
        code: failure.code,
        request_id: call.trace_id,
        correlation_id: interaction.correlation_id,
        timestamp: wire::timestamp(call.now),
        app: Some((interaction.app.name.clone(), interaction.app.client_id)),
    }
}

fn failure_page(failure: &Aadsts, details: Details) -> Response {
    let (title, text) = match failure.code {
        53003 => (
            "You don't have access to this",
            "Your sign-in was successful but does not meet the criteria to access this resource. For example, you \
             might be signing in from a browser, app, location, or an authentication flow that is restricted by your \
             admin."
                .to_owned(),
        ),
        53000 => (
            "You can't get there from here",
            "This application contains sensitive information and can only be accessed from devices or client \
             applications that meet your organisation's management compliance policy."
                .to_owned(),
        ),
        _ => (
            "Sorry, but we're having trouble signing you in",
            failure.to_string(),
        ),
    };
    let page = FailurePage {
        title,
        text,
        details,
    };
    (StatusCode::BAD_REQUEST, page).into_response()
}

/// A page that says one thing.
pub fn message(status: StatusCode, title: &str, text: &str) -> Response {
    (status, MessagePage { title, text }).into_response()
}

/// The page that posts `fields` to the client.
pub fn form_post(target: &str, fields: &[(&'static str, String)]) -> Response {
    FormPostPage { target, fields }.into_response()
}

#[derive(Deserialize)]
pub struct Lookup {
    #[serde(default)]
    code: String,
}

/// `error_uri`: what a number means. The simulator only repeats it.
pub async fn lookup(Query(lookup): Query<Lookup>) -> Response {
    let digits: String = lookup.code.chars().filter(char::is_ascii_digit).collect();
    let text = format!("AADSTS{digits}. The meaning of this number is not told by the simulator.");
    message(StatusCode::OK, "Error code lookup", &text)
}

fn permissions(wanted: &[Wanted]) -> Vec<Permission> {
    let lines = |w: &Wanted| {
        let line = |name: &String, application: bool| Permission {
            resource: w.resource.name(),
            name: name.clone(),
            application,
        };
        let delegated = w.delegated.iter().map(|n| line(n, false));
        let application = w.application.iter().map(|n| line(n, true));
        delegated.chain(application).collect::<Vec<_>>()
    };
    wanted.iter().flat_map(lines).collect()
}

fn upn_of(site: &Site, oid: Uuid) -> String {
    site.directory.read(|state| {
        let user = state.users.get(&oid);
        user.map(|u| u.upn.clone()).unwrap_or_default()
    })
}

fn federation(site: &Site, oid: Uuid) -> Option<String> {
    site.directory.read(|state| {
        let tenant = state.tenants.get(&state.users.get(&oid)?.tenant)?;
        (tenant.realm != Realm::Managed).then(|| tenant.name.clone())
    })
}
