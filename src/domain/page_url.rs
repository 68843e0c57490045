//! Whole addresses of our pages, for whatever leaves this installation.

use url::Url;

/// The page at `path` (which begins with a slash) under the configured base address, whether that ends with one or not.
pub fn page_url(base: &Url, path: &str) -> String {
    format!("{}{path}", base.as_str().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_may_have_a_path_and_an_end() {
        for (base, whole) in [
            ("https://portal.example", "https://portal.example/x"),
            (
                "https://msp.example/portal/",
                "https://msp.example/portal/x",
            ),
        ] {
            assert_eq!(page_url(&base.parse().unwrap(), "/x"), whole);
        }
    }
}
