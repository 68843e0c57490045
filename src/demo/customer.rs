//! Plays a customer's administrator without a browser: takes an invitation through the portal's own operations and the
//! simulated Microsoft's, so that every sample connection was really onboarded.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, bail};
use url::Url;

use crate::app::App;
use crate::domain::invitation::{self, Method, NewInvitation, Terms, Validity};
use crate::domain::onboarding::{self, Attempt, FlowSecret, Stage};
use crate::domain::op::{Actor, Op, Scope};
use crate::keeper::message::app_only::Ask;
use crate::keeper::message::{Reply, Request};
use crate::keeper::text::Text;
use crate::simulator::Person;
use crate::simulator::directory::Directory;
use crate::storage::{FlowId, InvitationId, TenantId};

/// Longest wait for one onboarding.
const PATIENCE: Duration = Duration::from_mins(1);
/// Pause between two looks at a flow; the clock is moved along, because the keeper polls by it.
const LOOK: Duration = Duration::from_millis(100);

/// The portal and the Microsoft that the customer meets.
pub struct Customer<'a> {
    pub app: &'a App,
    pub directory: &'a Directory,
    pub tenant: TenantId,
    /// Who signs in.
    pub admin: String,
}

impl Customer<'_> {
    /// Make an invitation as a technician would; `expected` empty leaves open who may sign in.
    pub async fn invite(&self, method: Method, expected: &str) -> anyhow::Result<InvitationId> {
        let sealed = invitation::seal(&self.app.keeper, self.tenant).await?;
        let mut op = self.op().await?;
        let terms = Terms {
            invitation_email: String::new(),
            expected_admin: expected.to_owned(),
            method,
            validity: Validity::DEFAULT,
            lasting: false,
        };
        let new = NewInvitation {
            tenant: self.tenant,
            terms,
        };
        let created = invitation::create(&mut op, Scope::one(self.tenant), sealed, new).await?;
        op.commit().await?;
        Ok(created.id)
    }

    /// Open the link and press "Start authentication".
    pub async fn begin(
        &self,
        invitation: InvitationId,
        method: Method,
    ) -> anyhow::Result<(FlowId, FlowSecret)> {
        let mut op = self.op().await?;
        let invitation = invitation::find(&mut op, Scope::one(self.tenant), invitation)
            .await?
            .context("the invitation is gone")?;
        let attempt = Attempt {
            method,
            admin_username: self.admin.clone(),
            someone_else: false,
            ip: "192.0.2.10".to_owned(),
        };
        let begun = onboarding::begin(&mut op, &invitation, None, attempt).await?;
        op.commit().await?;
        Ok((begun.flow, begun.secret))
    }

    /// The whole way by the given method; ends when the flow is complete or held.
    pub async fn onboard(&self, method: Method, expected: &str) -> anyhow::Result<()> {
        let invitation = self.invite(method, expected).await?;
        let (flow, secret) = self.begin(invitation, method).await?;
        match method {
            Method::DeviceCode => self.by_device_code(flow, &secret).await?,
            Method::AuthCode => self.by_browser(flow, &secret).await?,
            Method::AppOnly => self.by_consent(flow).await?,
        }
        self.wait(&secret).await
    }

    /// The organisation consented beforehand, so the page only has to say that it is done.
    async fn by_consent(&self, flow: FlowId) -> anyhow::Result<()> {
        let (tenant_id, flow_id) = (self.tenant.as_uuid(), flow.as_uuid());
        let start = Request::AppOnly(Ask::StartConsent { tenant_id, flow_id });
        self.app.keeper.ask(start).await?;
        let resume = Request::ResumeFlow {
            tenant_id,
            flow_id,
            refusal: None,
        };
        self.app.keeper.ask(resume).await?;
        Ok(())
    }

    async fn by_device_code(&self, flow: FlowId, secret: &FlowSecret) -> anyhow::Result<()> {
        self.ask(Request::StartDeviceCode {
            tenant_id: self.tenant.as_uuid(),
            flow_id: flow.as_uuid(),
        })
        .await?;
        let Stage::CodeShown(code) = self.stage(secret).await? else {
            bail!("no code was shown to {}", self.admin);
        };
        self.directory
            .approve_device(&code.user_code, &Person::willing(&self.admin))?;
        Ok(())
    }

    async fn by_browser(&self, flow: FlowId, secret: &FlowSecret) -> anyhow::Result<()> {
        let (tenant_id, flow_id) = (self.tenant.as_uuid(), flow.as_uuid());
        let state = Text::new(secret.leg_state());
        let reply = self
            .ask(Request::StartBrowserSignIn {
                tenant_id,
                flow_id,
                state,
            })
            .await?;
        let Reply::Address { url } = reply else {
            bail!("no sign-in address for {}", self.admin);
        };
        let url = Url::parse(&url)?;
        let segment = url
            .path_segments()
            .and_then(|mut s| s.next())
            .unwrap_or("organizations")
            .to_owned();
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let base = url.origin().ascii_serialization();
        let landing =
            self.directory
                .authorize(&base, &segment, &query, &Person::willing(&self.admin))?;
        let code = landing
            .query_pairs()
            .find(|(name, _)| name == "code")
            .context("the sign-in gave no code")?
            .1
            .into_owned();
        self.ask(Request::FinishBrowserSignIn {
            tenant_id,
            flow_id,
            code: Text::new(code),
        })
        .await?;
        Ok(())
    }

    async fn wait(&self, secret: &FlowSecret) -> anyhow::Result<()> {
        let outcome = async {
            loop {
                match self.stage(secret).await? {
                    Stage::Complete | Stage::Held(_) => return Ok(()),
                    Stage::Failed(failure, _) => {
                        bail!("the onboarding of {} failed: {failure:?}", self.admin)
                    }
                    Stage::CodeShown(_) => self.app.clock.advance(Duration::from_secs(1)),
                    _ => {}
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, outcome)
            .await
            .context("an onboarding took too long")?
    }

    async fn stage(&self, secret: &FlowSecret) -> anyhow::Result<Stage> {
        let mut op = self.op().await?;
        let flow = onboarding::find(&mut op, secret)
            .await?
            .context("the attempt is gone")?;
        Ok(flow.stage)
    }

    /// Ask the keeper; a refusal is an error.
    pub async fn ask(&self, request: Request) -> anyhow::Result<Reply> {
        match self.app.keeper.ask(request).await? {
            Reply::Refused(refusal) => Err(refusal.into()),
            reply => Ok(reply),
        }
    }

    /// A transaction of the demo's own.
    pub async fn op(&self) -> Result<Op, sqlx::Error> {
        Op::begin(&self.app.pool, &self.app.clock, Actor::Command("demo")).await
    }
}
