//! Wordings that tell the cause where no known number does: Graph's and Exchange's refusals,
//! throttling in any dress, identity providers, and Entra's own sentences without their number.
//! They are English only; numbers and names come first.

mod status;
mod wordings;

use self::status::status;
use self::wordings::{OUTAGE, RULES};
use super::category::Category;
use super::decide::Confidence;
use super::scan::Text;

/// A cause read from wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub category: Category,
    pub confidence: Confidence,
    /// The words that told it.
    pub words: &'static str,
}

/// The cause told by wording; outages aside.
pub(super) fn told(text: &Text) -> Option<Told> {
    let wording = RULES.iter().find_map(|rule| {
        let words = rule.any.iter().find(|words| text.flat.contains(**words))?;
        Some(Told {
            category: rule.category,
            confidence: rule.confidence,
            words,
        })
    });
    let throttled = wording.filter(|told| told.category == Category::Throttled);
    throttled
        .or_else(|| (status(text) == Some(429)).then_some(THROTTLED))
        .or_else(|| has_adfs_number(text).then_some(ADFS))
        .or(wording)
}

const THROTTLED: Told = Told {
    category: Category::Throttled,
    confidence: Confidence::High,
    words: "HTTP status 429",
};

const ADFS: Told = Told {
    category: Category::Federation,
    confidence: Confidence::High,
    words: "an AD FS number (MSIS…)",
};

/// Trouble at Microsoft, told by wording or by a 5xx status.
pub(super) fn outage(text: &Text) -> Option<Told> {
    let words = OUTAGE
        .iter()
        .find(|words| text.flat.contains(**words))
        .copied()
        .or_else(|| {
            status(text)
                .is_some_and(|status| (500..600).contains(&status))
                .then_some("an HTTP status of 500 or above")
        })?;
    Some(Told {
        category: Category::MicrosoftOutage,
        confidence: Confidence::Likely,
        words,
    })
}

/// `MSIS7065` and its kin.
fn has_adfs_number(text: &Text) -> bool {
    text.flat.match_indices("msis").any(|(at, prefix)| {
        let digits = text.flat.as_bytes().get(at + prefix.len()..);
        digits.is_some_and(|digits| {
            let mut digits = digits.iter();
            (0..4).all(|_| digits.next().is_some_and(u8::is_ascii_digit))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(text: &str) -> Option<Category> {
        let text = Text::new(text.to_owned());
        told(&text)
            .or_else(|| outage(&text))
            .map(|told| told.category)
    }

    #[test]
    fn knows_429_in_any_dress() {
        for text in [
            "HTTP/1.1 429",
            "status code: 429",
            "The remote server returned an error: (429).",
            "429 Client Error: for url",
            r#"{"status":429}"#,
            r#"{"error":{"code":"accessDenied","innerError":{"code":"throttledRequest"}}}"#,
            "Request failed with status code 429",
            "Application is being\n  throttled",
            "Le serveur distant a retourné une erreur : (429) Trop de demandes.",
            "HTTPError 429",
        ] {
            assert_eq!(category(text), Some(Category::Throttled), "{text}");
        }
        assert_eq!(category("status 4290"), None);
        assert_eq!(category("at File.cs:line 429"), None);
        assert_eq!(category("at refresh (/srv/app.js:12:429)"), None);
        assert_eq!(
            category("   at Throttling.SingletonThrottlingManager.Record()"),
            None
        );
    }

    #[test]
    fn knows_trouble_at_microsoft() {
        for text in [
            "<title>503 Service Unavailable</title>",
            "Response status code does not indicate success: 502 (x)",
            "HTTP 504",
            "500 Server Error: for url",
            "Our services aren't available right now",
        ] {
            assert_eq!(category(text), Some(Category::MicrosoftOutage), "{text}");
        }
    }

    #[test]
    fn a_refresh_token_idle_for_long_is_no_lapsed_access_token() {
        assert_eq!(
            category("The refresh token has expired due to\n inactivity."),
            Some(Category::ExpiredInactive)
        );
        assert_eq!(
            category("Access token has expired."),
            Some(Category::ExpiredLifetime)
        );
    }

    #[test]
    fn says_nothing_about_other_words() {
        assert_eq!(category("403 Forbidden"), None);
        assert_eq!(category("connection refused"), None);
        assert_eq!(category("MSIS alone"), None);
        assert_eq!(
            category("MSIS7065: no registered protocol"),
            Some(Category::Federation)
        );
    }
}
