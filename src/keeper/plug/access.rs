//! Asking Microsoft in the name of a standing that was ended: its refresh token or our credential, for the last time. What
//! comes back is used for the step in hand and never stored.

use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use super::run::Work;
use crate::entra::{Exchange, Failure, TokenClass, Tokens};
use crate::keeper::app::AppInUse;
use crate::keeper::app_only::roles_as_scopes;
use crate::keeper::gate::Lane;
use crate::keeper::record;
use crate::keeper::refresh::heard;
use crate::keeper::resource::Resource;
use crate::keeper::seal::{Purpose, VaultError};
use crate::keeper::store::connections::Connection;
use crate::keeper::store::records::Subject;
use crate::keeper::store::{disconnections, secrets, tokens};
use crate::keeper::trouble::Trouble;

/// Leave to send is waited for so long.
const WAIT: Duration = Duration::from_secs(10);
/// An access token that ends sooner is of no use for the calls to come.
const LEAST: time::Duration = time::Duration::minutes(2);

/// The standing, and what it was asked with.
pub(super) struct Ended {
    pub connection: Connection,
    pub app: AppInUse,
    /// The refresh token; none for an application's own standing, and where it is lost or does not open.
    token: Option<SecretString>,
}

/// As whom Microsoft is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// With what the standing lives by.
    AsStanding,
    /// By client credentials, whatever the standing was.
    AsApplication,
}

/// Why Microsoft cannot be asked in its name.
pub(super) enum Mute {
    /// There was no standing.
    Nothing,
    /// There is neither a token that opens nor a credential to show.
    NoToken,
}

/// An answer to the request for an access token.
pub(super) enum Answer {
    Tokens(Tokens),
    /// Refused, with the number of the recorded error.
    Refused(Box<Failure>, Option<i64>),
    /// Not sent: too much is going on, or Microsoft is in trouble.
    Held,
}

impl Ended {
    /// Read what there is of it.
    pub async fn load(work: &Work<'_>) -> Result<Result<Self, Mute>, Trouble> {
        let core = work.core;
        let Some(id) = work.one.connection_id else {
            return Ok(Err(Mute::Nothing));
        };
        let tenant_id = work.one.tenant_id;
        let connection = crate::keeper::store::connections::load(&core.pool, tenant_id, id).await?;
        let Some(connection) = connection else {
            return Ok(Err(Mute::Nothing));
        };
        let app = match core.app.of(core, connection.app_registration_id).await {
            Ok(Some(app)) => app,
            Ok(None) | Err(VaultError::Shut(_)) => return Ok(Err(Mute::NoToken)),
            Err(error) => return Err(error.into()),
        };
        let token = if connection.app_only {
            None
        } else {
            match open(work, &connection).await {
                Ok(token) => token,
                Err(VaultError::Shut(_)) => None,
                Err(error) => return Err(error.into()),
            }
        };
        let ended = Self {
            connection,
            app,
            token,
        };
        if ended.ways(Resource::Graph).is_empty() {
            return Ok(Err(Mute::NoToken));
        }
        Ok(Ok(ended))
    }

    /// In which ways Microsoft may let us in for `resource`: by what the standing lives by, and where a credential of ours
    /// is stored also as the application itself, if there are permissions for that.
    pub fn ways(&self, resource: Resource) -> &'static [Way] {
        let as_app = self.connection.app_only
            || (self.app.app.credential.is_some()
                && !resource.required_application_permissions().is_empty());
        match (&self.token, as_app) {
            (None, false) => &[],
            (None, true) => &[Way::AsApplication],
            (Some(_), false) => &[Way::AsStanding],
            (Some(_), true) => &[Way::AsStanding, Way::AsApplication],
        }
    }

    /// Ask for a token for `resource`. Recorded like every call.
    pub async fn ask(
        &self,
        work: &Work<'_>,
        resource: Resource,
        way: Way,
    ) -> Result<Answer, Trouble> {
        let core = work.core;
        let token = match way {
            Way::AsStanding => self.token.as_ref(),
            Way::AsApplication => None,
        };
        let lane = Lane {
            client_id: self.app.app.client_id,
            with_credential: token.is_none() || !self.connection.public_class,
        };
        let deadline = Instant::now() + WAIT;
        let by_hand = !work.one.is_plug;
        let entered = core
            .gate
            .enter(lane, self.connection.tenant_id, deadline, by_hand);
        let Ok(pass) = entered.await else {
            return Ok(Answer::Held);
        };
        let exchange = self.send(work, resource, token).await;
        pass.told(heard(&exchange));
        drop(pass);
        let noted = record::note(core, &self.subject(resource), &exchange).await?;
        Ok(match exchange.outcome {
            Ok(mut tokens) => {
                if token.is_none() {
                    tokens.scopes = roles_as_scopes(&tokens.access_token);
                }
                Answer::Tokens(tokens)
            }
            Err(failure) => Answer::Refused(failure, noted.map(|noted| noted.id)),
        })
    }

    async fn send(
        &self,
        work: &Work<'_>,
        resource: Resource,
        token: Option<&SecretString>,
    ) -> Exchange<Tokens> {
        let (core, tenant) = (work.core, self.connection.entra_tenant_id);
        match token {
            None => {
                let uri = resource.uri(&core.endpoints);
                let entra = &core.entra;
                entra
                    .client_credentials(tenant, &self.app.app, &uri, None)
                    .await
            }
            Some(token) => {
                let class = if self.connection.public_class {
                    TokenClass::Public
                } else {
                    TokenClass::Confidential
                };
                let scope = resource.scope(&core.endpoints);
                let entra = &core.entra;
                entra
                    .refresh(tenant, &self.app.app, class, token, &scope, None)
                    .await
            }
        }
    }

    /// The last access token for Graph that was stored, if it lives for a while.
    pub async fn stored(&self, work: &Work<'_>) -> Result<Option<SecretString>, Trouble> {
        let (tenant_id, id) = (self.connection.tenant_id, self.connection.id);
        let found = disconnections::last_graph_token(&work.core.pool, tenant_id, id).await?;
        let until = work.core.clock.now() + LEAST;
        let Some(found) = found.filter(|found| found.expires_at >= until) else {
            return Ok(None);
        };
        let row_id = tokens::row_id(id, Resource::Graph);
        let place = tokens::place(tenant_id, &row_id, found.acquired_at);
        let vault = &work.core.vault;
        match vault
            .open_text(Purpose::AccessToken, &place, &found.ct)
            .await
        {
            Ok(token) => Ok(Some(token)),
            Err(VaultError::Shut(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub fn subject(&self, resource: Resource) -> Subject {
        Subject {
            tenant_id: self.connection.tenant_id,
            connection_id: Some(self.connection.id),
            flow_id: None,
            resource: Some(resource),
        }
    }
}

async fn open(
    work: &Work<'_>,
    connection: &Connection,
) -> Result<Option<SecretString>, VaultError> {
    let (tenant_id, id) = (connection.tenant_id, connection.id);
    let Some(sealed) = secrets::load(&work.core.pool, tenant_id, id).await? else {
        return Ok(None);
    };
    let row_id = id.to_string();
    let place = secrets::place(tenant_id, &row_id, sealed.version);
    let vault = &work.core.vault;
    let token = vault.open_text(Purpose::Connection, &place, &sealed.ct_current);
    token.await.map(Some)
}
