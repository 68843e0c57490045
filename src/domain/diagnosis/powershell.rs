//! Microsoft Graph PowerShell for the one who mends: reads first, changes marked as such. Only the module
//! Microsoft.Graph, since `MSOnline` and `AzureAD` are retired.

use super::category::Category;
use super::facts::Facts;
use super::verdict::Twist;

/// The lines for a cause; none where a shell is no help.
pub(super) fn snippet(cause: Category, twist: Twist, facts: &Facts) -> Option<String> {
    let lines: &[&str] = match (cause, twist) {
        (_, Twist::Shared) => return None,
        (_, Twist::AccountDeleted) => &[
            "Connect-MgGraph -Scopes 'User.ReadWrite.All'",
            "# Lists deleted accounts; the last line restores one (within 30 days).",
            "Get-MgDirectoryDeletedItemAsUser -All | Where-Object UserPrincipalName -like '*{name}*' | Select-Object Id, UserPrincipalName, DeletedDateTime",
            "Restore-MgDirectoryDeletedItem -DirectoryObjectId '<Id>'",
        ],
        (Category::PasswordChanged | Category::SessionRevoked, _) => &[
            "Connect-MgGraph -Scopes 'User.Read.All'",
            "Get-MgUser -UserId '{account}' -Property AccountEnabled, LastPasswordChangeDateTime, SignInSessionsValidFromDateTime | Select-Object AccountEnabled, LastPasswordChangeDateTime, SignInSessionsValidFromDateTime",
        ],
        (Category::UserDisabledOrMissing, _) => &[
            "Connect-MgGraph -Scopes 'User.ReadWrite.All'",
            "Get-MgUser -UserId '{account}' -Property AccountEnabled | Select-Object AccountEnabled",
            "# Enables the account.",
            "Update-MgUser -UserId '{account}' -AccountEnabled:$true",
        ],
        (Category::UserLockedOrRisky, _) => &[
            "Connect-MgGraph -Scopes 'IdentityRiskyUser.ReadWrite.All'",
            "$risky = Get-MgRiskyUser -Filter \"userPrincipalName eq '{account}'\"",
            "$risky | Select-Object RiskLevel, RiskState, RiskDetail, RiskLastUpdatedDateTime",
            "# Dismisses the risk.",
            "Invoke-MgDismissRiskyUser -UserIds $risky.Id",
        ],
        (Category::ConsentMissing, _) => &[
            "Connect-MgGraph -Scopes 'Application.Read.All', 'DelegatedPermissionGrant.Read.All'",
            "$app = Get-MgServicePrincipal -Filter \"appId eq '{client}'\"",
            "Get-MgServicePrincipalOauth2PermissionGrant -ServicePrincipalId $app.Id -All | Select-Object ConsentType, ResourceId, Scope",
        ],
        (Category::AppMissingOrDisabled, Twist::Disabled) => &[
            "Connect-MgGraph -Scopes 'Application.ReadWrite.All'",
            "$app = Get-MgServicePrincipal -Filter \"appId eq '{client}'\"",
            "# Switches the application on.",
            "Update-MgServicePrincipal -ServicePrincipalId $app.Id -AccountEnabled:$true",
        ],
        (Category::AppMissingOrDisabled, _) => &[
            "Connect-MgGraph -Scopes 'Application.Read.All'",
            "Get-MgServicePrincipal -Filter \"appId eq '{client}'\" | Select-Object DisplayName, AccountEnabled",
        ],
        (Category::SignInFrequency, _) | (Category::MfaRequired, Twist::Rhythm(_)) => &[
            "Connect-MgGraph -Scopes 'Policy.Read.All'",
            "Get-MgIdentityConditionalAccessPolicy -All | Where-Object { $_.SessionControls.SignInFrequency.IsEnabled } | Select-Object DisplayName, State, @{n='Every';e={$_.SessionControls.SignInFrequency.Value}}, @{n='Unit';e={$_.SessionControls.SignInFrequency.Type}}",
        ],
        (Category::ConditionalAccess, Twist::DeviceCodeBlocked) => &[
            "Connect-MgGraph -Scopes 'Policy.Read.All'",
            "Get-MgIdentityConditionalAccessPolicy -All | Where-Object { $_.Conditions.AuthenticationFlows.TransferMethods -match 'deviceCodeFlow' } | Select-Object DisplayName, State",
        ],
        (Category::ConditionalAccess | Category::DeviceCompliance, _) => &[
            "Connect-MgGraph -Scopes 'AuditLog.Read.All'",
            "Get-MgAuditLogSignIn -Filter \"userPrincipalName eq '{account}'\" -Top 20 | ForEach-Object { $at = $_.CreatedDateTime; $_.AppliedConditionalAccessPolicies | Where-Object Result -eq 'failure' | Select-Object @{n='At';e={$at}}, DisplayName }",
        ],
        (Category::Federation, _) => &[
            "Connect-MgGraph -Scopes 'Domain.Read.All', 'User.Read.All'",
            "Get-MgDomain -All | Select-Object Id, AuthenticationType",
            "Get-MgUser -UserId '{account}' -Property OnPremisesSyncEnabled, LastPasswordChangeDateTime | Select-Object OnPremisesSyncEnabled, LastPasswordChangeDateTime",
        ],
        (Category::LicenseOrSubscription, _) => &[
            "Connect-MgGraph -Scopes 'User.Read.All', 'Organization.Read.All'",
            "Get-MgUserLicenseDetail -UserId '{account}' | Select-Object SkuPartNumber",
            "Get-MgSubscribedSku -All | Select-Object SkuPartNumber, CapabilityStatus, ConsumedUnits",
        ],
        (Category::AppCredentialExpired | Category::AppCredentialInvalid, _) => &[
            "# In our own tenant.",
            "Connect-MgGraph -Scopes 'Application.Read.All'",
            "$app = Get-MgApplication -Filter \"appId eq '{client}'\"",
            "$app.PasswordCredentials + $app.KeyCredentials | Select-Object DisplayName, KeyId, StartDateTime, EndDateTime",
        ],
        _ => return None,
    };
    Some(fill(&lines.join("\n"), facts))
}

/// Put the account and our application's id in; what is not known stays a placeholder.
fn fill(lines: &str, facts: &Facts) -> String {
    let account = facts.account.as_deref().map(quoted);
    let account = account.as_deref().unwrap_or("<account>");
    let name = account.split('@').next().unwrap_or(account);
    let client = facts.our_app.client_id.map_or_else(
        || "<application (client) id>".to_owned(),
        |id| id.to_string(),
    );
    lines
        .replace("{name}", name)
        .replace("{client}", &client)
        // Last, since a name may hold anything.
        .replace("{account}", account)
}

/// A name inside single quotes of PowerShell, and of `OData` within double quotes: quotes are doubled, what could start an
/// expression is dropped.
fn quoted(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_control() && !matches!(c, '$' | '`' | '"' | '“' | '”' | '„'))
        .flat_map(|c| match c {
            '\'' | '‘' | '’' | '‚' | '‛' => vec!['\'', '\''],
            other => vec![other],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_in_without_ending_the_quotes() {
        let facts = Facts {
            account: Some("o'brien$(calc)\"@contoso.example".into()),
            ..Facts::default()
        };
        let lines = snippet(Category::UserLockedOrRisky, Twist::None, &facts).unwrap();
        assert!(
            lines.contains("'o''brien(calc)@contoso.example'"),
            "{lines}"
        );
        let without = snippet(Category::PasswordChanged, Twist::None, &Facts::default()).unwrap();
        assert!(without.contains("'<account>'"), "{without}");
    }

    #[test]
    fn no_retired_module_is_named() {
        for cause in Category::ALL {
            let lines = snippet(cause, Twist::None, &Facts::default()).unwrap_or_default();
            for retired in ["Msol", "AzureAD", "MSOnline"] {
                assert!(!lines.contains(retired), "{cause:?}");
            }
            assert!(
                lines.is_empty() || lines.contains("Connect-MgGraph"),
                "{cause:?}"
            );
        }
    }
}
