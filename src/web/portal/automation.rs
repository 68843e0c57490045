//! "Automation": ready pieces for scripts, with this tenant's name filled in.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;

use super::Visit;
use crate::app::App;
use crate::domain::page_url::page_url;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;

#[derive(Template, WebTemplate)]
#[template(path = "portal/automation/show.html")]
struct Automation {
    chrome: Chrome,
    visit: Visit,
    snippets: Vec<Snippet>,
}

/// One piece to copy.
struct Snippet {
    id: &'static str,
    label: &'static str,
    about: &'static str,
    code: String,
}

pub(super) fn router() -> Routes {
    Routes::new().get("/tenants/{short}/automation", Policy::LOOK, show)
}

async fn show(State(app): State<App>, visit: Visit, chrome: Chrome) -> Automation {
    let base = page_url(&app.site.base_url, "");
    let snippets = snippets(&base, &visit.short_name);
    Automation {
        chrome,
        visit,
        snippets,
    }
}

/// Neither the address nor the short name has a character that a shell or a string would take for its own.
fn snippets(base: &str, tenant: &str) -> Vec<Snippet> {
    vec![
        Snippet {
            id: "powershell",
            label: "PowerShell with the tenantry command",
            about: "The key lies in a file that only you can read. Ask again before each piece of work: a token that still lives is given at once.",
            code: format!(
                "$env:TENANTRY_URL = '{base}'\n$env:TENANTRY_API_KEY_FILE = \"$HOME/.tenantry-key\"\n\
                 $token = tenantry token --tenant {tenant} --resource graph --min-ttl 900\n\
                 Connect-MgGraph -AccessToken ($token | ConvertTo-SecureString -AsPlainText -Force)\n"
            ),
        },
        Snippet {
            id: "powershell-alone",
            label: "PowerShell alone",
            about: "Without anything installed; PowerShell 7.",
            code: format!(
                "$key = Get-Content \"$HOME/.tenantry-key\"\n\
                 $answer = Invoke-RestMethod -Method Post -Uri '{base}/api/v1/tenants/{tenant}/access-tokens' `\n  \
                 -Headers @{{ Authorization = \"Bearer $key\" }} -ContentType 'application/json' `\n  \
                 -Body (@{{ resource = 'graph'; min_ttl = 900 }} | ConvertTo-Json)\n\
                 Connect-MgGraph -AccessToken ($answer.access_token | ConvertTo-SecureString -AsPlainText -Force)\n"
            ),
        },
        Snippet {
            id: "python",
            label: "Python",
            about: "Standard library only. Call it before each request rather than keep the token. When somebody has to act first, the error says who and what.",
            code: format!(
                "import json, pathlib, urllib.error, urllib.request\n\n\
                 KEY = pathlib.Path.home().joinpath(\".tenantry-key\").read_text().strip()\n\n\
                 def token(resource=\"graph\", min_ttl=900):\n    \
                 request = urllib.request.Request(\n        \
                 \"{base}/api/v1/tenants/{tenant}/access-tokens\",\n        \
                 data=json.dumps({{\"resource\": resource, \"min_ttl\": min_ttl}}).encode(),\n        \
                 headers={{\"Authorization\": f\"Bearer {{KEY}}\", \"Content-Type\": \"application/json\"}},\n    )\n    \
                 try:\n        \
                 with urllib.request.urlopen(request, timeout=110) as answer:\n            \
                 return json.load(answer)[\"access_token\"]\n    \
                 except urllib.error.HTTPError as refused:\n        \
                 raise RuntimeError(refused.read().decode()) from None\n"
            ),
        },
        Snippet {
            id: "curl",
            label: "curl",
            about: "The key is read from a file, so that no list of processes shows it. A refusal is printed too: it says who must do what.",
            code: format!(
                "printf 'header = \"Authorization: Bearer %s\"' \"$(cat ~/.tenantry-key)\" |\n  \
                 curl --fail-with-body -sS -K - -H 'Content-Type: application/json' \\\n    \
                 -d '{{\"resource\": \"graph\", \"min_ttl\": 900}}' {base}/api/v1/tenants/{tenant}/access-tokens\n"
            ),
        },
    ]
}
