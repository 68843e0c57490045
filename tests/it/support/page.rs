//! An answer read as a person reads it: status, text, fields and what is wrong with them, forms and links.

use reqwest::header::HeaderMap;
use scraper::{ElementRef, Html, Selector};

/// One answer.
pub struct Page {
    /// The path asked for.
    pub path: String,
    pub status: u16,
    pub headers: HeaderMap,
    /// Where a redirect points.
    pub location: Option<String>,
    /// The body as sent.
    pub body: String,
}

/// A form as rendered.
pub struct FormOnPage {
    /// Empty when the form posts to its own page.
    pub action: String,
    /// Name and value of each field that would be sent.
    pub values: Vec<(String, String)>,
}

impl Page {
    pub fn html(&self) -> Html {
        Html::parse_document(&self.body)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The visible text, white space folded.
    pub fn text(&self) -> String {
        self.texts("body").join(" ")
    }

    /// The text of each element that `selector` finds, white space folded.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        self.html().select(&parse(selector)).map(folded).collect()
    }

    /// The text of the one element that `selector` finds.
    pub fn text_of(&self, selector: &str) -> String {
        let mut texts = self.texts(selector);
        assert_eq!(
            texts.len(),
            1,
            "{selector} on {}: {texts:?}\n{}",
            self.path,
            self.body
        );
        texts.remove(0)
    }

    pub fn has(&self, selector: &str) -> bool {
        self.html().select(&parse(selector)).next().is_some()
    }

    /// The value of this attribute on each element that `selector` finds and that has it.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        self.html()
            .select(&parse(selector))
            .filter_map(|element| element.attr(name).map(str::to_owned))
            .collect()
    }

    /// What the field of this name holds.
    pub fn value(&self, field: &str) -> String {
        let mut values = self.attributes(&format!("[name={field}]"), "value");
        assert_eq!(
            values.len(),
            1,
            "fields named {field} on {}: {values:?}",
            self.path
        );
        values.remove(0)
    }

    /// What the page says is wrong with the field of this name; empty when nothing is.
    pub fn field_error(&self, field: &str) -> String {
        self.texts(&format!("#{field}-error")).join(" ")
    }

    /// The form that `selector` names.
    pub fn form(&self, selector: &str) -> FormOnPage {
        let form = self.forms(selector).into_iter().next();
        form.unwrap_or_else(|| panic!("no {selector} on {}:\n{}", self.path, self.body))
    }

    /// Every form that `selector` finds.
    pub fn forms(&self, selector: &str) -> Vec<FormOnPage> {
        let fields = parse("input[name], textarea[name], select[name]");
        let read = |form: ElementRef| FormOnPage {
            action: form.attr("action").unwrap_or_default().to_owned(),
            values: form.select(&fields).filter_map(value_of).collect(),
        };
        self.html().select(&parse(selector)).map(read).collect()
    }
}

fn value_of(field: ElementRef) -> Option<(String, String)> {
    let name = field.attr("name")?.to_owned();
    let value = match (field.value().name(), field.attr("type")) {
        ("select", _) => {
            let chosen = parse("option[selected]");
            let first = parse("option");
            let option = field
                .select(&chosen)
                .next()
                .or_else(|| field.select(&first).next())?;
            option.attr("value").unwrap_or_default().to_owned()
        }
        ("textarea", _) => field.text().collect(),
        (_, Some("checkbox" | "radio")) => {
            field.attr("checked")?;
            field.attr("value").unwrap_or("on").to_owned()
        }
        (_, Some("submit" | "button")) => return None,
        _ => field.attr("value").unwrap_or_default().to_owned(),
    };
    Some((name, value))
}

fn folded(element: ElementRef) -> String {
    let text: String = element.text().collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn parse(selector: &str) -> Selector {
    Selector::parse(selector).unwrap_or_else(|_| panic!("{selector} is no CSS selector"))
}
