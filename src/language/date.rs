//! Dates as people of a language write them. Times are always in UTC and always say so: the reader may be anywhere.

use time::{Date, OffsetDateTime, UtcOffset};

use super::Language;

const EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DE: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
const FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const ES: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
const NL: [&str; 12] = [
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
];

/// `28. November 2026`
pub fn date(language: Language, at: Date) -> String {
    let index = usize::from(u8::from(at.month())).saturating_sub(1);
    let (day, year) = (at.day(), at.year());
    let month = |names: &[&'static str; 12]| names.get(index).copied().unwrap_or_default();
    match language {
        Language::En => format!("{day} {} {year}", month(&EN)),
        Language::De => format!("{day}. {} {year}", month(&DE)),
        Language::Fr => {
            let ordinal = if day == 1 { "er" } else { "" };
            format!("{day}{ordinal} {} {year}", month(&FR))
        }
        Language::Es => format!("{day} de {} de {year}", month(&ES)),
        Language::Nl => format!("{day} {} {year}", month(&NL)),
    }
}

/// The day that it is in UTC.
pub fn day(language: Language, at: OffsetDateTime) -> String {
    date(language, at.to_offset(UtcOffset::UTC).date())
}

/// The day with the time: `2026-11-28 02:15 UTC` in English, as on the technicians' pages, so that both sides can name the
/// same words on the telephone.
pub fn exact(language: Language, at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let (hour, minute) = (at.hour(), at.minute());
    match language {
        Language::En => format!(
            "{}-{:02}-{:02} {hour:02}:{minute:02} UTC",
            at.year(),
            u8::from(at.month()),
            at.day()
        ),
        Language::De => format!("{}, {hour}:{minute:02} Uhr UTC", date(language, at.date())),
        Language::Fr => format!("{} à {hour} h {minute:02} UTC", date(language, at.date())),
        Language::Es => format!("{}, {hour}:{minute:02} UTC", date(language, at.date())),
        Language::Nl => format!(
            "{} om {hour}:{minute:02} uur UTC",
            date(language, at.date())
        ),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn each_language_writes_a_day_its_own_way() {
        let at = datetime!(2026-03-01 02:05 UTC);
        let all = Language::ALL.map(|language| exact(language, at));
        assert_eq!(
            all,
            [
                "2026-03-01 02:05 UTC",
                "1. März 2026, 2:05 Uhr UTC",
                "1er mars 2026 à 2 h 05 UTC",
                "1 de marzo de 2026, 2:05 UTC",
                "1 maart 2026 om 2:05 uur UTC",
            ]
        );
    }
}
