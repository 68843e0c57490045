//! Who invites whom, and for what: shown on every step.

use super::face::Face;
use super::holder::Visitor;
use crate::app::App;
use crate::domain::invitation::{Invitation, Method};
use crate::domain::op::{Op, Scope};
use crate::domain::technician;
use crate::domain::tenant::{self, TenantState};
use crate::keeper::PermissionSet;
use crate::keeper::permission_set::Kind;
use crate::keeper::resource::Resource;
use crate::language::{self, Language, Phrase};

/// Who invites whom, and for what.
#[derive(Clone, Debug)]
pub struct Inviter {
    /// How the page looks and speaks.
    pub face: Face,
    pub msp_name: String,
    pub msp_legal_name: String,
    /// First letter of the MSP's name, in place of a logo.
    pub monogram: String,
    pub report_to: String,
    /// Whence we ask Microsoft, for Conditional Access; empty when the MSP named nothing.
    pub egress_addresses: String,
    pub tenant_name: String,
    /// Empty until the MSP knows it.
    pub tenant_domain: String,
    /// Who of the MSP sent the link; empty when nobody in particular.
    pub technician: String,
    pub reference: String,
    /// The name that Microsoft's pages will show.
    pub app_name: String,
    /// Whom the link is for; empty when anybody with the right role.
    pub expected_admin: String,
    pub good_until: String,
    pub asked: Vec<Asked>,
    /// The application itself is to be let in, by application permissions.
    pub app_only: bool,
    /// It is to replace what works by what lasts longer.
    pub lasting: bool,
}

/// One resource of the set: what is asked, and why.
#[derive(Clone, Debug)]
pub struct Asked {
    pub name: &'static str,
    pub required: bool,
    pub permissions: Vec<(String, String)>,
}

impl Inviter {
    /// None while the tenant is not served (suspended or archived): the link is of no use then.
    pub async fn read(
        app: &App,
        op: &mut Op,
        visitor: &Visitor,
        invitation: &Invitation,
    ) -> Result<Option<Self>, sqlx::Error> {
        op.enter(invitation.tenant_id).await?;
        let scope = Scope::one(invitation.tenant_id);
        let tenant = tenant::find(op, scope, invitation.tenant_id).await?;
        let Some(tenant) = tenant.filter(|one| one.state == TenantState::Active) else {
            return Ok(None);
        };
        let technician = match invitation.created_by {
            Some(id) => technician::find(op, id).await?,
            None => None,
        };
        let site = &app.site;
        let face = Face::read(app, op, visitor, Some(tenant.id)).await?;
        let app_only = invitation.method == Method::AppOnly;
        let set = PermissionSet::load(op.db()).await?;
        let asked = tenant.resources.iter().map(|entry| {
            Asked::new(
                face.language,
                entry.resource.as_str(),
                entry.required,
                &set,
                Kind::of(app_only),
            )
        });
        Ok(Some(Self {
            msp_name: face.msp_name.clone(),
            msp_legal_name: face.msp_legal_name.clone(),
            monogram: face.msp_name.chars().take(1).collect(),
            report_to: site.report_to.clone(),
            egress_addresses: site.egress_addresses.join(", "),
            asked: asked.flatten().collect::<Vec<_>>(),
            app_only,
            lasting: invitation.lasting,
            tenant_name: tenant.full_name,
            tenant_domain: tenant.domain,
            technician: technician.map(|one| one.display_name).unwrap_or_default(),
            reference: invitation.reference.clone(),
            app_name: site.app_name.clone(),
            expected_admin: invitation.expected_admin.clone(),
            good_until: language::exact(face.language, invitation.expires_at),
            face,
        }))
    }
}

impl Inviter {
    /// Where the access is taken back, below the enterprise applications.
    pub fn revoke_path(&self) -> String {
        let delete = self.face.words.revoke_delete.text();
        if self.app_name.is_empty() {
            delete
        } else {
            format!("{}, {delete}", self.app_name)
        }
    }

    /// The least roles that the account must keep.
    pub fn least_roles(&self) -> String {
        let words = self.face.words;
        let has = |resource: Resource| self.asked.iter().any(|one| one.name == resource.name());
        let mut roles = vec![words.role_reader.text()];
        if has(Resource::Exchange) {
            roles.push(words.role_exchange.text());
        }
        if has(Resource::Teams) {
            roles.push(words.role_teams.text());
        }
        roles.join(", ")
    }
}

/// What a permission is needed for. One that we have no words for in the language is told in English.
fn reason(language: Language, resource: Resource, kind: Kind, name: &str, english: &str) -> String {
    let words = &language.book().reasons;
    let known = match (resource, name) {
        _ if language == Language::En => None,
        (Resource::Graph, "User.Read") => Some(&words.user_read),
        (Resource::Graph, "Directory.Read.All") if kind == Kind::of(true) => {
            Some(&words.directory_read_app)
        }
        (Resource::Graph, "Directory.Read.All") => Some(&words.directory_read),
        (Resource::Exchange, "Exchange.Manage") => Some(&words.exchange_manage),
        (Resource::Exchange, "Exchange.ManageAsApp") => Some(&words.exchange_manage_app),
        (Resource::Teams, "user_impersonation") => Some(&words.teams),
        (Resource::Azure, "user_impersonation") => Some(&words.azure),
        _ => None,
    };
    known.map_or_else(|| english.to_owned(), Phrase::text)
}

impl Asked {
    fn new(
        language: Language,
        word: &str,
        required: bool,
        set: &PermissionSet,
        kind: Kind,
    ) -> Option<Self> {
        let resource: Resource = word.parse().ok()?;
        Some(Self {
            name: resource.name(),
            required,
            permissions: set
                .of(resource, kind)
                .into_iter()
                .map(|need| {
                    (
                        need.name.clone(),
                        reason(language, resource, kind, &need.name, need.reason()),
                    )
                })
                .collect(),
        })
    }
}
