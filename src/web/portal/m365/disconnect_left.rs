//! What the customer still has to remove after a disconnection: the end of its report.

use crate::domain::disconnection::{Application, Disconnection, Revocation};

/// What the customer still has to remove, and how.
#[derive(Clone, Debug)]
pub struct LeftView {
    pub heading: &'static str,
    pub words: &'static str,
    /// The click path in the Microsoft Entra admin center.
    pub clicks: Vec<String>,
    /// The same for Microsoft Graph PowerShell; empty when nothing is left.
    pub script: String,
}

impl LeftView {
    /// None while the proof is not there yet.
    pub fn of(found: &Disconnection, app_name: &str) -> Option<Self> {
        let proof = found.proof()?;
        let Some(application) = &found.application else {
            return Some(Self {
                heading: "Nothing is left to remove",
                words: "There was no connection.",
                clicks: Vec::new(),
                script: String::new(),
            });
        };
        if application.is_own {
            return Some(own(application));
        }
        let removed = found.revocation() == Some(Revocation::Removed);
        let (heading, words) = match (proof.is_proven(), removed) {
            (true, true) => {
                return Some(Self {
                    heading: "Nothing is left to remove",
                    words: "Our enterprise application and every consent are gone. In the customer's sign-in logs our last, refused requests can be seen.",
                    clicks: Vec::new(),
                    script: String::new(),
                });
            }
            (true, false) => (
                "May be removed",
                "No permission is left. The entry of our enterprise application may still be listed; the customer may remove it.",
            ),
            (false, _) => (
                "What the customer must still remove",
                "A Cloud Application Administrator or Global Administrator of the customer removes our application; our permission ends with it.",
            ),
        };
        Some(Self {
            heading,
            words,
            clicks: vec![
                format!(
                    "Sign in to the Microsoft Entra admin center, https://entra.microsoft.com, in the tenant {}.",
                    application.entra_tenant_id
                ),
                "Open Entra ID → Enterprise apps → All applications.".to_owned(),
                format!(
                    "Search for the application ID {} (“{app_name}”) and open it.",
                    application.client_id
                ),
                "Open Properties, press Delete and confirm.".to_owned(),
            ],
            script: script(application),
        })
    }
}

fn own(application: &Application) -> LeftView {
    LeftView {
        heading: "What the customer must still remove",
        words: "The application is the customer's own. Its secret or certificate is forgotten here; the customer removes it there, or the whole application.",
        clicks: vec![
            format!(
                "Sign in to the Microsoft Entra admin center, https://entra.microsoft.com, in the tenant {}.",
                application.entra_tenant_id
            ),
            "Open Entra ID → App registrations → All applications.".to_owned(),
            format!(
                "Search for the application ID {} and open it.",
                application.client_id
            ),
            "Open Certificates & secrets and delete what was given to us; or open Overview and press Delete.".to_owned(),
        ],
        script: format!(
            "Connect-MgGraph -TenantId '{}' -Scopes 'Application.ReadWrite.All'\n\
             $app = Get-MgApplication -Filter \"appId eq '{}'\"\n\
             Remove-MgApplication -ApplicationId $app.Id\n",
            application.entra_tenant_id, application.client_id
        ),
    }
}

/// Both ids are GUIDs, so nothing needs quoting.
fn script(application: &Application) -> String {
    format!(
        "Connect-MgGraph -TenantId '{}' -Scopes 'Application.ReadWrite.All','DelegatedPermissionGrant.ReadWrite.All'\n\
         $sp = Get-MgServicePrincipal -Filter \"appId eq '{}'\"\n\
         Get-MgOauth2PermissionGrant -All -Filter \"clientId eq '$($sp.Id)'\" |\n  \
           ForEach-Object {{ Remove-MgOauth2PermissionGrant -OAuth2PermissionGrantId $_.Id }}\n\
         Remove-MgServicePrincipal -ServicePrincipalId $sp.Id\n",
        application.entra_tenant_id, application.client_id
    )
}
