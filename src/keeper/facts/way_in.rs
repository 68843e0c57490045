//! With what a tenant is looked at: the Graph token still held, else a token of the application itself, else nothing. A
//! refusal on the way is a fact of its own.

use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use super::found::Found;
use crate::domain::diagnosis::Application;
use crate::keeper::app_only::roles_as_scopes;
use crate::keeper::core::Core;
use crate::keeper::gate::{Heard, Lane};
use crate::keeper::refresh::Class;
use crate::keeper::resource::Resource;
use crate::keeper::seal::Purpose;
use crate::keeper::store::connections::Connection;
use crate::keeper::store::tokens;
use crate::keeper::trouble::Trouble;

/// Leave to send is waited for so long; a look has time, and refreshes go first.
const WAIT: Duration = Duration::from_secs(10);
/// Our application is not known in the tenant.
const ABSENT: [u32; 2] = [700_016, 7_000_229];
/// It is switched off there.
const DISABLED: u32 = 7_000_112;

/// A token for Graph.
pub(super) struct WayIn {
    pub token: SecretString,
    /// What it may do; empty when it does not tell.
    pub scopes: Vec<String>,
    /// It stands for the account and not for the application.
    pub is_the_accounts: bool,
}

impl WayIn {
    /// Whether the token carries a permission; one that does not tell what it carries may be tried with the usual ones.
    pub fn may(&self, permission: &str) -> bool {
        self.scopes.iter().any(|scope| {
            let name = scope
                .rsplit_once('/')
                .map_or(scope.as_str(), |(_, name)| name);
            name.eq_ignore_ascii_case(permission)
        })
    }

    pub const fn as_str(&self) -> &'static str {
        if self.is_the_accounts {
            "graph_token"
        } else {
            "as_app"
        }
    }
}

/// The token that a connection got last, while it lives.
pub(super) async fn held(core: &Core, connection: &Connection) -> Result<Option<WayIn>, Trouble> {
    let (tenant_id, id) = (connection.tenant_id, connection.id);
    let now = core.clock.now() + time::Duration::seconds(30);
    let Some(found) = tokens::held(&core.pool, tenant_id, id, Resource::Graph, now).await? else {
        return Ok(None);
    };
    let row_id = tokens::row_id(id, Resource::Graph);
    let place = tokens::place(tenant_id, &row_id, found.acquired_at);
    let opened = core
        .vault
        .open_text(Purpose::AccessToken, &place, &found.ct)
        .await;
    // One that does not open is the refresh protocol's business.
    Ok(opened.ok().map(|token| WayIn {
        token,
        scopes: found.scopes,
        is_the_accounts: !connection.app_only,
    }))
}

/// A fresh token of the application itself; kept nowhere.
pub(super) async fn as_app(
    core: &Core,
    connection: &Connection,
    found: &mut Found,
) -> Result<Option<WayIn>, Trouble> {
    let registration = connection.app_registration_id;
    let app = core.app.of(core, registration).await?;
    let Some(app) = app.filter(|app| app.app.credential.is_some()) else {
        return Ok(None);
    };
    let lane = Lane {
        client_id: app.app.client_id,
        with_credential: true,
    };
    let deadline = Instant::now() + WAIT;
    let Ok(pass) = core
        .gate
        .enter(lane, connection.tenant_id, deadline, false)
        .await
    else {
        return Ok(None);
    };
    let uri = Resource::Graph.uri(&core.endpoints);
    let exchange = core
        .entra
        .client_credentials(connection.entra_tenant_id, &app.app, &uri, None)
        .await;
    match &exchange.outcome {
        Ok(_) => pass.told(Heard::Fine),
        // A tenant that does not know our application says nothing about the application.
        Err(failure) => match Class::of(failure).heard() {
            Heard::RefusesUs => {}
            heard => pass.told(heard),
        },
    }
    drop(pass);
    found.note(core, connection, &exchange).await?;
    match exchange.outcome {
        Ok(tokens) => Ok(Some(WayIn {
            scopes: roles_as_scopes(&tokens.access_token),
            token: tokens.access_token,
            is_the_accounts: false,
        })),
        Err(failure) => {
            let at = exchange.call.started_at;
            if failure.codes.iter().any(|code| ABSENT.contains(code)) {
                found.application(Application::Absent, at);
            } else if failure.codes.contains(&DISABLED) {
                found.application(Application::Disabled, at);
            }
            Ok(None)
        }
    }
}
