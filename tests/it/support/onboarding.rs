//! Onboarding a world's customer, step by step or the whole way.

use std::collections::HashMap;
use std::time::Duration;

use tenantry::clock::ordered_uuid;
use tenantry::keeper::message::Request;
use tenantry::simulator::Person;
use url::Url;
use uuid::Uuid;

use super::keeper::{ADMIN, Keeper, World, text};

impl World {
    /// An open invitation for the tenant, as the portal makes it.
    pub async fn invite(&self, expected_admin: &str) -> Uuid {
        let id = ordered_uuid();
        let now = self.clock.now();
        sqlx::query(
            "insert into invitations (tenant_id, id, token_hash, token_hint, token_sealed, reference, method, expected_admin,
               created_at, expires_at)
             values ($1, $2, $3, 'hint', '', 'R-1', 'device_code', $4, $5, $6)",
        )
        .bind(self.tenant)
        .bind(id)
        .bind(id.as_bytes().as_slice())
        .bind(expected_admin)
        .bind(now)
        .bind(now + Duration::from_hours(24 * 7))
        .execute(&self.pool)
        .await
        .unwrap();
        id
    }

    /// A flow just started in a browser.
    pub async fn flow(&self, invitation: Uuid, method: &str) -> Uuid {
        let id = ordered_uuid();
        let now = self.clock.now();
        sqlx::query(
            "insert into onboarding_flows (tenant_id, id, invitation_id, secret_hash, method, state, admin_username, ip,
               created_at, updated_at, expires_at)
             values ($1, $2, $3, $4, $5, 'started', '', '192.0.2.7', $6, $6, $7)",
        )
        .bind(self.tenant)
        .bind(id)
        .bind(invitation)
        .bind(id.as_bytes().as_slice())
        .bind(method)
        .bind(now)
        .bind(now + Duration::from_mins(15))
        .execute(&self.pool)
        .await
        .unwrap();
        id
    }

    /// Invitation, flow and a code on the page.
    pub async fn code(&self, keeper: &Keeper, expected_admin: &str) -> (Uuid, String) {
        let invitation = self.invite(expected_admin).await;
        let flow = self.flow(invitation, "device_code").await;
        keeper.done(self.start_device_code(flow)).await;
        let code = self.text("select user_code from onboarding_flows where id = $1", flow);
        (flow, code.await)
    }

    pub fn start_device_code(&self, flow: Uuid) -> Request {
        Request::StartDeviceCode {
            tenant_id: self.tenant,
            flow_id: flow,
        }
    }

    /// The person signs in at Microsoft and the keeper's next look is due.
    pub fn approve(&self, code: &str, upn: &str) {
        self.directory()
            .approve_device(code, &Person::willing(upn))
            .unwrap();
        self.clock.advance(Duration::from_secs(7));
    }

    /// Onboard the customer by device code, consent given beforehand. Gives the connection.
    pub async fn onboard(&self, keeper: &Keeper) -> Uuid {
        self.onboard_as(keeper, ADMIN).await
    }

    /// The same by another administrator.
    pub async fn onboard_as(&self, keeper: &Keeper, admin: &str) -> Uuid {
        self.consent();
        let (flow, code) = self.code(keeper, admin).await;
        self.approve(&code, admin);
        self.until_flow(flow, "complete").await;
        self.current().await
    }

    /// Go to Microsoft's sign-in page and come back: the fields of the address that the browser lands at.
    pub async fn visit(&self, keeper: &Keeper, flow: Uuid, upn: &str) -> HashMap<String, String> {
        let address = keeper
            .address(Request::StartBrowserSignIn {
                tenant_id: self.tenant,
                flow_id: flow,
                state: text("the-state"),
            })
            .await;
        let address = Url::parse(&address).unwrap();
        let segment = address.path_segments().unwrap().next().unwrap().to_owned();
        let host = self.endpoints().authority;
        let base = host.as_str().trim_end_matches('/');
        let query = address.query_pairs().into_owned().collect();
        let landing = self
            .directory()
            .authorize(base, &segment, &query, &Person::willing(upn))
            .unwrap();
        assert_eq!(landing.path(), "/onboarding/return");
        landing.query_pairs().into_owned().collect()
    }

    /// The browser is back with a code.
    pub fn finish(&self, flow: Uuid, code: &str) -> Request {
        Request::FinishBrowserSignIn {
            tenant_id: self.tenant,
            flow_id: flow,
            code: text(code),
        }
    }

    /// Onboard the customer by browser sign-in, consent given beforehand. Gives the connection.
    pub async fn onboard_by_browser(&self, keeper: &Keeper) -> Uuid {
        self.consent();
        let invitation = self.invite(ADMIN).await;
        let flow = self.flow(invitation, "auth_code").await;
        let back = self.visit(keeper, flow, ADMIN).await;
        let code = back.get("code").unwrap();
        keeper.done(self.finish(flow, code)).await;
        self.until_flow(flow, "complete").await;
        self.current().await
    }
}
