//! A registration of the customer's own, entered by a technician.

use std::time::Duration;

use tenantry::simulator::directory::{
    App, Cause, ClientCertificate, ClientSecret, Target, required_access,
};
use uuid::Uuid;

use super::stage::{DONE, Live};
use crate::support::keeper::ADMIN;
use crate::support::page::Page;

const PAGE: &str = "/tenants/contoso/configuration/m365/app-registration";
const OWN: Uuid = Uuid::from_u128(0x0fed);
const VALUE: &str = "own8Q~the-customers-secret";
const SETTING_UP: &str = "Microsoft is still setting this up";

/// Contoso, onboarded by device code, with a registration of its own at Microsoft; consented with `consent`.
async fn stage(consent: bool) -> (Live, Uuid) {
    let live = Live::start().await;
    live.world.consent();
    let former = live.world.onboard(&live.keeper).await;
    register(&live, Vec::new());
    if consent {
        grant(&live);
    }
    (live, former)
}

fn register(live: &Live, certificates: Vec<ClientCertificate>) {
    live.world.directory().put_app(App {
        client_id: OWN,
        name: "Contoso's own".to_owned(),
        public_flows: false,
        multi_tenant: false,
        home_tenant: Some(live.world.entra_tenant),
        secrets: vec![ClientSecret {
            id: Uuid::from_u128(5),
            value: VALUE.to_owned(),
            expires_at: live.world.clock.now() + Duration::from_hours(24 * 365),
        }],
        certificates,
        redirect_uris: Vec::new(),
        required: required_access(),
        verified_publisher: false,
    });
}

fn grant(live: &Live) {
    let tenant = live.world.entra_tenant.to_string();
    live.world
        .directory()
        .grant_admin_consent(&tenant, OWN, None)
        .unwrap();
}

async fn enter(live: &Live, fields: &[(&str, &str)]) -> Page {
    let page = live.technician.get(PAGE).await;
    let id = OWN.to_string();
    let mut all = vec![("client_id", id.as_str())];
    all.extend_from_slice(fields);
    let sent = live
        .technician
        .submit(&page, "form[action$='/own']", &all)
        .await;
    if sent.status == 303 {
        live.technician.follow(sent).await
    } else {
        sent
    }
}

async fn until(live: &Live, text: &str) -> Page {
    for _ in 0..300 {
        let page = live.technician.get(PAGE).await;
        if page.text().contains(text) {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!(
        "waited for {text:?}: {}",
        live.technician.get(PAGE).await.text()
    )
}

async fn replaced(live: &Live, former: Uuid) -> Uuid {
    live.world.until_state(former, "revoked").await;
    live.world.current().await
}

#[tokio::test]
async fn a_secret_is_tried_and_then_replaces_the_sign_in() {
    let (live, former) = stage(true).await;
    let ends = live.world.clock.now() + Duration::from_hours(24 * 20);
    let day = ends.date().to_string();
    let page = enter(&live, &[("secret", VALUE), ("secret_ends", &day)]).await;
    assert!(!page.body.contains(VALUE));
    let id = replaced(&live, former).await;
    let mode = "select mode || ' ' || expires_reason from connections where id = $1";
    assert_eq!(live.world.text(mode, id).await, "app_only credential");
    let settings = live
        .technician
        .get("/tenants/contoso/configuration/m365")
        .await;
    assert!(
        settings.text().contains("19 days left"),
        "{}",
        settings.text()
    );
    assert!(!settings.body.contains(VALUE));

    // Its own registration renews it, also when ours is refused.
    live.world
        .directory()
        .kill(&Target::client(live.world.client_id), &Cause::SecretWrong)
        .unwrap();
    let page = live
        .technician
        .get("/tenants/contoso/configuration/m365")
        .await;
    let run = live
        .technician
        .submit(&page, "form[action$='/validation']", &[])
        .await;
    let page = live.technician.follow(run).await;
    assert!(
        page.text().contains("Authentication validated"),
        "{}",
        page.text()
    );

    // And back.
    let (browser, code) = live.start_by_code().await;
    live.world.approve(&code, ADMIN);
    live.until(&browser, DONE).await;
    assert_eq!(live.world.state(id).await, "revoked");
    live.world.judge().await;
}

#[tokio::test]
async fn a_certificate_serves_as_well() {
    let (live, former) = stage(true).await;
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["contoso".to_owned()]).unwrap();
    params.not_before = tenantry::clock::Clock::system().now() - time::Duration::days(1);
    params.not_after = tenantry::clock::Clock::system().now() + time::Duration::days(300);
    let certificate = params.self_signed(&key).unwrap();
    let pem = format!("{}{}", certificate.pem(), key.serialize_pem());
    register(
        &live,
        vec![ClientCertificate {
            pem: certificate.pem(),
        }],
    );
    enter(&live, &[("certificate", &pem)]).await;
    let id = replaced(&live, former).await;
    let reason = "select expires_reason from connections where id = $1";
    assert_eq!(live.world.text(reason, id).await, "credential");
}

#[tokio::test]
async fn a_wrong_and_an_expired_secret_are_told_apart_and_cost_nothing() {
    let (live, former) = stage(true).await;
    enter(&live, &[("secret", "own8Q~something-else")]).await;
    let page = until(&live, "Microsoft does not accept this secret").await;
    assert!(
        page.text()
            .contains("What was connected before is untouched")
    );
    live.world
        .directory()
        .kill(&Target::client(OWN), &Cause::SecretExpired)
        .unwrap();
    enter(&live, &[("secret", VALUE)]).await;
    until(&live, "The secret or certificate has ended").await;
    assert_eq!(live.world.current().await, former);
    assert_eq!(live.world.state(former).await, "active");
    live.world.judge().await;

    let page = live.technician.get(PAGE).await;
    let removed = live
        .technician
        .submit(&page, "form[action$='/own/removal']", &[])
        .await;
    let page = live.technician.follow(removed).await;
    assert!(page.text().contains("Removed"), "{}", page.text());
    let left = "select count(*) from app_credentials where state = 'candidate'";
    assert_eq!(live.world.number(left).await, 0);
}

#[tokio::test]
async fn without_consent_it_waits_then_says_so_and_goes_on_when_asked_again() {
    let (live, former) = stage(false).await;
    let page = enter(&live, &[("secret", VALUE)]).await;
    assert!(page.text().contains(SETTING_UP), "{}", page.text());
    live.world.clock.advance(Duration::from_secs(100));
    let page = until(&live, "Microsoft does not know this application").await;
    assert_eq!(live.world.current().await, former);
    grant(&live);
    live.technician
        .submit(&page, "form[action$='/own/retry']", &[])
        .await;
    replaced(&live, former).await;
}

#[tokio::test]
async fn slips_are_named_at_their_field_and_no_secret_is_sent_back() {
    let (live, former) = stage(true).await;
    let id_for_value = Uuid::from_u128(5).to_string();
    let other = Uuid::from_u128(99).to_string();
    for (fields, said) in [
        (vec![("secret", "")], "Enter a client secret"),
        (vec![("secret", id_for_value.as_str())], "the secret's ID"),
        (
            vec![("secret", VALUE), ("entra_tenant_id", &other)],
            "Another Entra tenant is another customer",
        ),
        (
            vec![("secret", VALUE), ("client_id", "own")],
            "Enter the ID",
        ),
        (
            vec![("certificate", "-----BEGIN CERTIFICATE-----")],
            "This certificate cannot be used",
        ),
    ] {
        let page = enter(&live, &fields).await;
        assert_eq!(page.status, 422, "{said}");
        assert!(page.text().contains(said), "{said}: {}", page.text());
        assert!(!page.body.contains(VALUE));
    }
    assert_eq!(live.world.current().await, former);
}
