//! `tenantry diagnose`: reads one error from its argument or standard input and prints cause, who
//! acts and what to do. It needs neither settings nor database nor network.

use std::io::{self, Read, Write};

use super::{Global, UsageError};
use crate::domain::diagnosis::{Diagnosis, Facts, MAX_BYTES, Reading, decide, read};

/// Say why an authentication failed and who must do what.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The error: text, JSON, a log line, a page; without it, standard input is read.
    text: Option<String>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Why nothing was diagnosed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("nothing to read: give the error as an argument or on standard input")]
    Empty,
    #[error("cannot read the error or write the answer")]
    Io(#[from] io::Error),
}

impl Args {
    #[expect(clippy::unused_async, reason = "every command is run alike")]
    pub async fn run(self, _global: &Global) -> anyhow::Result<()> {
        run(&self, io::stdin().lock(), io::stdout().lock()).map_err(|error| match error {
            Error::Empty => UsageError(error.to_string()).into(),
            Error::Io(_) => error.into(),
        })
    }
}

/// Reads the error, from `stdin` unless it is an argument, and prints the diagnosis.
pub fn run(args: &Args, stdin: impl Read, mut out: impl Write) -> Result<(), Error> {
    let mut raw = Vec::new();
    if let Some(text) = &args.text {
        raw.extend_from_slice(text.as_bytes());
    } else {
        // What is longer than the reader looks at need not be held either.
        let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
        stdin.take(limit + 1).read_to_end(&mut raw)?;
        if raw.len() > MAX_BYTES {
            raw.truncate(MAX_BYTES);
            eprintln!("diagnose: only the first {MAX_BYTES} bytes were read");
        }
    }
    if raw.trim_ascii().is_empty() {
        return Err(Error::Empty);
    }
    let reading = read(&raw);
    let diagnosis = decide(&reading, &Facts::default());
    if args.json {
        serde_json::to_writer_pretty(&mut out, &Answer::new(&reading, &diagnosis))
            .map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        print(&mut out, &reading, &diagnosis)?;
    }
    Ok(())
}

/// The JSON answer: these fields and no others, a promise to scripts.
#[derive(serde::Serialize)]
struct Answer<'a> {
    /// AADSTS number that decides; null without one.
    code: Option<u32>,
    /// A category of the catalogue.
    category: &'static str,
    /// `yes`, `no` or `after_user_action`.
    retryable: &'static str,
    /// `msp`, `customer_admin`, `customer_user`, `microsoft` or `nobody`.
    who_acts: &'static str,
    /// What happened, in a sentence.
    cause: &'a str,
    /// Steps in order.
    remedy: &'a [String],
    /// `high`, `likely` or `unsure`.
    confidence: &'static str,
}

impl<'a> Answer<'a> {
    fn new(reading: &'a Reading, diagnosis: &'a Diagnosis) -> Self {
        Self {
            code: reading.code,
            category: diagnosis.cause.as_str(),
            retryable: diagnosis.retryable.as_str(),
            who_acts: diagnosis.who_acts.as_str(),
            cause: &diagnosis.headline,
            remedy: &diagnosis.remedy,
            confidence: diagnosis.confidence.as_str(),
        }
    }
}

/// The answer for people, ready to paste into a ticket.
fn print(out: &mut impl Write, reading: &Reading, diagnosis: &Diagnosis) -> io::Result<()> {
    let code = reading.code.map_or_else(
        || "no AADSTS number".to_owned(),
        |code| format!("AADSTS{code}"),
    );
    let confidence = diagnosis.confidence.as_str();
    writeln!(
        out,
        "{} ({code}, confidence: {confidence})",
        diagnosis.cause_label
    )?;
    writeln!(out, "\n{}\n", diagnosis.headline)?;
    writeln!(out, "Who acts: {}", diagnosis.who_label)?;
    writeln!(out, "Retry:    {}", diagnosis.retryable.label())?;
    writeln!(out, "\nWhat to do:")?;
    for (number, step) in (1..).zip(&diagnosis.remedy) {
        writeln!(out, "  {number}. {step}")?;
    }
    writeln!(out, "\nWhy:")?;
    for evidence in &diagnosis.evidence {
        writeln!(out, "  - {evidence}")?;
    }
    if !diagnosis.to_be_sure.is_empty() {
        writeln!(out, "\nWhat would make it certain:")?;
        for sentence in &diagnosis.to_be_sure {
            writeln!(out, "  - {sentence}")?;
        }
    }
    if let Some(lines) = &diagnosis.powershell {
        writeln!(out, "\nMicrosoft Graph PowerShell:")?;
        for line in lines.lines() {
            writeln!(out, "  {line}")?;
        }
    }
    let ids = [
        ("Trace ID", &reading.trace_id),
        ("Correlation ID", &reading.correlation_id),
    ];
    for (name, id) in ids {
        if let Some(id) = id {
            writeln!(out, "{name}: {id}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_on(text: Option<&str>, stdin: &[u8], json: bool) -> Result<String, Error> {
        let args = Args {
            text: text.map(str::to_owned),
            json,
        };
        let mut out = Vec::new();
        run(&args, stdin, &mut out)?;
        Ok(String::from_utf8(out).expect("only text is written"))
    }

    #[test]
    fn answers_in_json_with_the_promised_fields() {
        let out = run_on(
            Some("AADSTS50057: The user account is disabled."),
            b"",
            true,
        );
        let answer: serde_json::Value = serde_json::from_str(&out.unwrap()).unwrap();
        let mut fields: Vec<_> = answer.as_object().unwrap().keys().collect();
        fields.sort();
        let promised = [
            "category",
            "cause",
            "code",
            "confidence",
            "remedy",
            "retryable",
            "who_acts",
        ];
        assert_eq!(fields, promised);
        assert_eq!(answer["code"], 50057);
        assert_eq!(answer["category"], "user_disabled_or_missing");
        assert_eq!(answer["retryable"], "after_user_action");
        assert_eq!(answer["who_acts"], "customer_admin");
        assert_eq!(answer["confidence"], "high");
        assert!(answer["cause"].is_string());
        assert!(
            answer["remedy"]
                .as_array()
                .is_some_and(|steps| !steps.is_empty())
        );
    }

    #[test]
    fn reads_standard_input_of_any_bytes() {
        let utf16: Vec<u8> = "\u{feff}AADSTS50076"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let out = run_on(None, &utf16, false).unwrap();
        assert!(
            out.starts_with("Multi-factor sign-in needed (AADSTS50076"),
            "{out}"
        );
        assert!(
            run_on(None, &[0x80, 0xC3, 0x28], true)
                .unwrap()
                .contains("unknown")
        );
    }

    #[test]
    fn nothing_to_read_is_wrong_usage() {
        let error = run_on(None, b" \n", false).unwrap_err();
        assert!(matches!(error, Error::Empty));
    }
}
