//! Who checks the account's password: Entra itself or a federated identity provider.

use super::check as line;
use crate::entra::{Realm, RealmKind};
use crate::keeper::core::Core;
use crate::keeper::message::{Check, CheckKind, CheckOutcome};
use crate::keeper::record;
use crate::keeper::store::connections::{self, Connection};
use crate::keeper::store::records::Subject;
use crate::keeper::trouble::Trouble;

/// Ask for the realm of the account's domain and remember it.
pub(super) async fn check(core: &Core, connection: &Connection) -> Result<Check, Trouble> {
    let subject = Subject {
        tenant_id: connection.tenant_id,
        connection_id: Some(connection.id),
        flow_id: None,
        resource: None,
    };
    let exchange = core.entra.user_realm(&connection.admin_username).await;
    let noted = record::note(core, &subject, &exchange).await?;
    let Ok(realm) = exchange.outcome else {
        return Ok(Check {
            error_id: noted.map(|noted| noted.id),
            ..line(
                CheckKind::SignIn,
                CheckOutcome::Skipped,
                "Microsoft did not tell how this domain signs in.",
            )
        });
    };
    let word = match realm.kind {
        RealmKind::Managed => "managed",
        RealmKind::Federated => "federated",
        RealmKind::Unknown => "unknown",
    };
    connections::set_realm(&core.pool, connection.tenant_id, connection.id, word).await?;
    Ok(told(&realm))
}

fn told(realm: &Realm) -> Check {
    let domain = realm.domain.as_deref().unwrap_or("the account's domain");
    match realm.kind {
        RealmKind::Managed => line(
            CheckKind::SignIn,
            CheckOutcome::Passed,
            format!("Managed: Entra itself checks passwords of {domain}."),
        ),
        RealmKind::Federated => line(
            CheckKind::SignIn,
            CheckOutcome::Warning,
            format!(
                "Federated: another identity provider checks passwords of {domain}. Where password change dates are not synchronised to Entra, tokens end 12 hours after the sign-in."
            ),
        ),
        RealmKind::Unknown => line(
            CheckKind::SignIn,
            CheckOutcome::Warning,
            format!("Microsoft does not know how {domain} signs in."),
        ),
    }
}
