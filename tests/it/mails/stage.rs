//! A portal with a mail server and one tenant.

use tenantry::domain::customer_mail::{self, Kind, NewMail, Queued, Swept};
use tenantry::domain::invitation::{self, NewInvitation, Terms, Validity};
use tenantry::domain::op::{Actor, Op, Scope};
use tenantry::storage::{CustomerMailId, InvitationId, TenantId};

use super::letter::Received;
use crate::support::app::TestApp;
use crate::support::smtp::MailServer;
use crate::support::tenant;

pub struct Stage {
    pub app: TestApp,
    pub server: MailServer,
    pub tenant: TenantId,
}

impl Stage {
    pub async fn set() -> Self {
        let server = MailServer::start().await;
        let post = server.mailer();
        let app = TestApp::start_with(|app| app.mailer = Some(post)).await;
        let tenant = tenant::add(&app.pool, "contoso").await;
        Self {
            app,
            server,
            tenant,
        }
    }

    pub async fn op(&self) -> Op {
        Op::begin(&self.app.app.pool, &self.app.clock, Actor::Command("test"))
            .await
            .unwrap()
    }

    /// An open invitation.
    pub async fn invite(&self) -> InvitationId {
        let sealed = invitation::seal(&self.app.keeper.client, self.tenant)
            .await
            .unwrap();
        let new = NewInvitation {
            tenant: self.tenant,
            terms: Terms {
                invitation_email: "it@contoso.example".into(),
                expected_admin: String::new(),
                method: invitation::Method::DeviceCode,
                lasting: false,
                validity: Validity::DEFAULT,
            },
        };
        let mut op = self.op().await;
        let made = invitation::create(&mut op, Scope::all(), sealed, new)
            .await
            .unwrap();
        op.commit().await.unwrap();
        made.id
    }

    /// An invitation's mail, ready to be changed and queued.
    pub async fn mail(&self) -> NewMail {
        let invitation = self.invite().await;
        NewMail {
            invitation: Some(invitation),
            ..NewMail::new(
                self.tenant,
                Kind::Invitation,
                "it@contoso.example",
                format!("invitation {invitation}"),
            )
        }
    }

    pub async fn queue(&self, mail: &NewMail) -> Queued {
        let mut op = self.op().await;
        let queued = customer_mail::queue(&mut op, Scope::all(), mail)
            .await
            .unwrap();
        op.commit().await.unwrap();
        queued
    }

    /// Queue one and give its id.
    pub async fn queued(&self, mail: &NewMail) -> CustomerMailId {
        match self.queue(mail).await {
            Queued::Queued(id) => id,
            other => panic!("{other:?}"),
        }
    }

    /// One run of the worker.
    pub async fn sweep(&self) -> Swept {
        self.app.app.sender().sweep().await.unwrap()
    }

    pub fn received(&self) -> Vec<Received> {
        let letters = self.server.letters();
        letters.iter().map(|raw| Received::read(raw)).collect()
    }

    /// `state last_error` of a mail.
    pub async fn state(&self, id: CustomerMailId) -> String {
        sqlx::query_scalar(
            "select trim(state || ' ' || last_error) from customer_mails where id = $1",
        )
        .bind(id.as_uuid())
        .fetch_one(&self.app.pool)
        .await
        .unwrap()
    }
}
