//! The checks that ask Graph: the tenant, the account, its roles, our enterprise application. A passing fault is asked
//! about once more before it is reported.

use std::future::Future;
use std::time::Duration;

use secrecy::SecretString;
use uuid::Uuid;

use super::check as line;
use crate::entra::{DirectoryRole, Exchange, Failure, Graph, Meaning, Organization};
use crate::keeper::core::Core;
use crate::keeper::message::{Check, CheckKind, CheckOutcome};
use crate::keeper::record;
use crate::keeper::resource::Resource;
use crate::keeper::store::connections::Connection;
use crate::keeper::store::records::Subject;
use crate::keeper::trouble::Trouble;

/// Before asking once more; longer when Graph says so, up to the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the checks share.
pub(super) struct Look<'a> {
    pub core: &'a Core,
    pub subject: Subject,
    pub token: &'a SecretString,
}

/// A failed call with the number of its record.
struct Refused {
    failure: Box<Failure>,
    error_id: Option<i64>,
}

impl Look<'_> {
    /// Ask, and once more after a passing fault. Every call is recorded.
    async fn ask<'a, T, F>(
        &'a self,
        call: impl Fn(Graph<'a>) -> F,
    ) -> Result<Result<T, Refused>, Trouble>
    where
        F: Future<Output = Exchange<T>>,
    {
        let mut again = true;
        loop {
            let exchange = call(self.core.entra.graph(self.token)).await;
            let noted = record::note(self.core, &self.subject, &exchange).await?;
            match exchange.outcome {
                Ok(answer) => return Ok(Ok(answer)),
                Err(failure) if again && passes(&failure) => {
                    let pause = failure.retry_after.unwrap_or(PAUSE).min(LONGEST_PAUSE);
                    tokio::time::sleep(pause).await;
                    again = false;
                }
                Err(failure) => {
                    return Ok(Err(Refused {
                        failure,
                        error_id: noted.map(|noted| noted.id),
                    }));
                }
            }
        }
    }

    pub async fn tenant(&self, connection: &Connection) -> Result<Check, Trouble> {
        let kind = CheckKind::Tenant;
        Ok(
            match self.ask(async |graph| graph.organization().await).await? {
                Ok(found) if found.id == connection.entra_tenant_id => line(
                    kind,
                    CheckOutcome::Passed,
                    format!("{} answers at Microsoft Graph.", named(&found)),
                ),
                Ok(found) => line(
                    kind,
                    CheckOutcome::Failed,
                    format!(
                        "{} ({}) answers, but this tenant is bound to {}.",
                        named(&found),
                        found.id,
                        connection.entra_tenant_id
                    ),
                ),
                Err(refused) => refused.check(kind, "The tenant did not answer at Microsoft Graph"),
            },
        )
    }

    pub async fn account(&self, connection: &Connection) -> Result<Check, Trouble> {
        let kind = CheckKind::Account;
        let expected = &connection.admin_username;
        Ok(match self.ask(async |graph| graph.me().await).await? {
            Ok(me) if connection.admin_oid.is_none_or(|oid| oid == me.id) => {
                let name = me.user_principal_name.as_deref().unwrap_or(expected);
                line(
                    kind,
                    CheckOutcome::Passed,
                    format!("The token is {name}'s."),
                )
            }
            Ok(me) => line(
                kind,
                CheckOutcome::Failed,
                format!(
                    "The token is {}'s, but {expected} was expected.",
                    me.user_principal_name.unwrap_or_else(|| me.id.to_string())
                ),
            ),
            Err(refused) => refused.check(kind, "The account could not be read"),
        })
    }

    pub async fn roles(&self) -> Result<Check, Trouble> {
        let kind = CheckKind::Roles;
        let asked = self
            .ask(async |graph| graph.my_directory_roles().await)
            .await?;
        Ok(match asked {
            Ok(roles) if roles.items.is_empty() => line(
                kind,
                CheckOutcome::Warning,
                "The account holds no directory role: what the token may do is limited to the account's own.",
            ),
            Ok(roles) => {
                let names: Vec<_> = roles.items.iter().map(role_name).collect();
                line(
                    kind,
                    CheckOutcome::Passed,
                    format!("Roles: {}.", names.join(", ")),
                )
            }
            Err(refused) => refused.check(kind, "The account's roles could not be read"),
        })
    }

    pub async fn enterprise_application(&self, connection: &Connection) -> Result<Check, Trouble> {
        Ok(self.own_application(connection).await?.0)
    }

    /// The same, with its object id in the tenant when it is there and enabled.
    pub async fn own_application(
        &self,
        connection: &Connection,
    ) -> Result<(Check, Option<Uuid>), Trouble> {
        let kind = CheckKind::EnterpriseApplication;
        let registration = connection.app_registration_id;
        let app = self.core.app.of(self.core, registration).await?;
        let Some(app) = app else {
            let detail = "No app registration is stored.";
            return Ok((line(kind, CheckOutcome::Failed, detail), None));
        };
        let client_id = app.app.client_id;
        let asked = self
            .ask(async |graph| graph.service_principal(client_id).await)
            .await?;
        let found = match asked {
            Ok(found) => found,
            Err(refused) if refused.failure.meaning == Meaning::NotFound => {
                let detail = "Our enterprise application is not in this tenant any more: an administrator has to consent again.";
                let check = Check {
                    error_id: refused.error_id,
                    ..line(kind, CheckOutcome::Failed, detail)
                };
                return Ok((check, None));
            }
            Err(refused) => {
                let what = "Our enterprise application could not be read";
                return Ok((refused.check(kind, what), None));
            }
        };
        let (outcome, detail) = if found.disabled_by_microsoft_status.is_some() {
            (
                CheckOutcome::Failed,
                "Microsoft has switched our application off in this tenant.",
            )
        } else if !found.account_enabled {
            (
                CheckOutcome::Failed,
                "Our enterprise application is switched off in this tenant: an administrator has to enable it for users to sign in.",
            )
        } else {
            (
                CheckOutcome::Passed,
                "Our enterprise application is present and enabled.",
            )
        };
        Ok((line(kind, outcome, detail), Some(found.id)))
    }

    /// The names of the application permissions of `resource` that our service principal holds; the check's line when
    /// Graph does not tell.
    pub async fn granted_as_app(
        &self,
        principal: Uuid,
        resource: Resource,
    ) -> Result<Result<Vec<String>, Check>, Trouble> {
        let (kind, what) = (
            CheckKind::Permissions,
            "The application permissions could not be read",
        );
        let offered = self
            .ask(async |graph| graph.resource_roles(resource.app_id()).await)
            .await?;
        let offered = match offered {
            Ok(offered) => offered,
            Err(refused) if refused.failure.meaning == Meaning::NotFound => {
                return Ok(Ok(Vec::new()));
            }
            Err(refused) => return Ok(Err(refused.check(kind, what))),
        };
        let held = self
            .ask(async |graph| graph.app_roles(principal).await)
            .await?;
        Ok(match held {
            Ok(held) => Ok(offered.held(&held.items)),
            Err(refused) => Err(refused.check(kind, what)),
        })
    }
}

impl Refused {
    /// A missing permission hides the answer and says nothing about it.
    fn check(self, kind: CheckKind, what: &str) -> Check {
        let (outcome, why) = match self.failure.meaning {
            Meaning::Denied => (
                CheckOutcome::Skipped,
                "a permission or a role is missing".into(),
            ),
            meaning if passes(&self.failure) => (
                CheckOutcome::Warning,
                format!("Microsoft is in trouble ({})", meaning.as_str()),
            ),
            _ => (CheckOutcome::Failed, self.failure.to_string()),
        };
        Check {
            error_id: self.error_id,
            ..line(kind, outcome, format!("{what}: {why}."))
        }
    }
}

fn passes(failure: &Failure) -> bool {
    matches!(
        failure.meaning,
        Meaning::Throttled
            | Meaning::Transient
            | Meaning::Unreachable
            | Meaning::NoReply
            | Meaning::Malformed
            | Meaning::NotReplicated
    )
}

fn named(organization: &Organization) -> String {
    let domain = organization
        .verified_domains
        .iter()
        .find(|domain| domain.is_default)
        .map(|domain| format!(" ({})", domain.name));
    let name = organization.display_name.as_deref().unwrap_or("The tenant");
    format!("{name}{}", domain.unwrap_or_default())
}

fn role_name(role: &DirectoryRole) -> String {
    role.display_name
        .clone()
        .unwrap_or_else(|| "a directory role".to_owned())
}
