//! A NUL, which no text of Postgres can hold, in each field of each form of technicians: refused on its field or taken for a blank,
//! never a bare error.

use std::collections::BTreeSet;

use tenantry::domain::technician::Role;

use super::barriers::{World, world};
use crate::support::browser::Browser;
use crate::support::page::FormOnPage;

type Fields = Vec<(String, String)>;

/// Every form once, with the page that it stands on; ids in addresses are taken for one another.
async fn forms(owner: &Browser, pages: &[String]) -> Vec<FormOnPage> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for address in pages {
        let page = owner.get(address).await;
        for mut form in page.forms("form[method=post]:not([enctype])") {
            if form.action.is_empty() {
                form.action.clone_from(&page.path);
            }
            let names: Vec<_> = form.values.iter().map(|(name, _)| name.clone()).collect();
            if form.action != "/logout" && seen.insert((form.action.clone(), names)) {
                found.push(form);
            }
        }
    }
    found
}

/// As the form came, and with something in what is empty, so that later checks are reached.
fn bases(form: &FormOnPage) -> [Fields; 2] {
    let filled = form.values.iter().map(|(name, value)| {
        let value = if value.is_empty() { "scan" } else { value };
        (name.clone(), value.to_owned())
    });
    [form.values.clone(), filled.collect()]
}

#[tokio::test]
async fn a_nul_in_any_field_is_no_trouble() {
    let World { app, pages } = world().await;
    let owner = app.login(Role::Owner).await;
    let forms = forms(&owner, &pages).await;
    assert!(forms.len() > 40, "{} forms", forms.len());
    let (mut sent, mut troubles) = (0, Vec::new());
    for form in &forms {
        for base in bases(form) {
            for at in 0..base.len() {
                let mut fields = base.clone();
                fields[at].1.push('\0');
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect();
                let answer = owner.post(&form.action, &fields).await;
                sent += 1;
                let is_told = !answer.body.contains("that no text can hold");
                if answer.status == 500 || !is_told {
                    troubles.push(format!("{} in {}", form.action, fields[at].0));
                }
            }
        }
    }
    eprintln!("{} forms, {sent} sent", forms.len());
    assert!(troubles.is_empty(), "{troubles:#?}");
}
