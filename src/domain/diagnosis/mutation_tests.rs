//! The short form of fuzz/: real and made-up errors, mutated by a seeded generator, so that each run meets the same
//! inputs. No input may panic, and each is answered.

use super::*;

const SEED: u64 = 0x7e4a_4e7e_9d1a_6005;
/// Mutations of each sample.
const EACH: usize = 60;

/// Sebastiano Vigna's splitmix64: enough for choosing places.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % (limit.max(1) as u64)).unwrap()
    }
}

/// Pieces at which a reader stumbles.
const PIECES: [&[u8]; 16] = [
    b"AADSTS",
    b"\"error_codes\":[",
    b"50173",
    b"\\\"",
    b"\\u00e9\\ud83d",
    b"%25%32%35",
    b"&#x41;&amp;",
    b"<script>",
    b"\r\n     | ",
    b"\x1b[31m",
    b"\xff\xfe",
    b"\xc3\x28",
    b"error_description=",
    b"maximum allowed lifetime for this request is 99999999999999999999",
    b"issued on '2026-02-30T99:99:99Z'",
    b"\0\0\0",
];

fn mutate(raw: &mut Vec<u8>, chance: &mut Chance) {
    for _ in 0..=chance.below(8) {
        let at = chance.below(raw.len());
        match chance.below(6) {
            0 if !raw.is_empty() => raw[at] ^= 1 << chance.below(8),
            1 => raw.truncate(at),
            2 => {
                let piece = PIECES[chance.below(PIECES.len())];
                raw.splice(at..at, piece.iter().copied());
            }
            3 => {
                let to = at + chance.below(raw.len() - at);
                raw.drain(at..to);
            }
            4 => {
                let to = at + chance.below((raw.len() - at).min(2_000));
                let again = raw[at..to].repeat(1 + chance.below(20));
                raw.splice(at..at, again);
            }
            _ => raw.push(u8::try_from(chance.below(256)).unwrap()),
        }
    }
}

fn samples() -> impl Iterator<Item = String> {
    [
        include_str!("../../../tests/fixtures/error-samples.jsonl"),
        include_str!("../../../tests/fixtures/own-error-samples.jsonl"),
    ]
    .into_iter()
    .flat_map(str::lines)
    .map(|line| {
        let sample: serde_json::Value = serde_json::from_str(line).unwrap();
        sample["raw"].as_str().unwrap().to_owned()
    })
}

#[track_caller]
fn answered(raw: &[u8]) {
    let reading = read(raw);
    let found = decide(&reading, &Facts::default());
    assert!(!found.headline.is_empty() && !found.remedy.is_empty() && !found.evidence.is_empty());
    assert!(reading.message.chars().count() <= 800);
    mask(&String::from_utf8_lossy(raw));
}

#[test]
fn mutated_errors_are_read_and_answered() {
    let mut chance = Chance(SEED);
    for sample in samples() {
        for _ in 0..EACH {
            let mut raw = sample.clone().into_bytes();
            mutate(&mut raw, &mut chance);
            answered(&raw);
        }
    }
}

#[test]
fn errors_cut_at_every_byte_are_answered() {
    for sample in samples().filter(|sample| sample.len() < 1_500).take(40) {
        for end in 0..sample.len() {
            answered(&sample.as_bytes()[..end]);
        }
    }
}

#[test]
fn a_megabyte_of_mixed_errors_is_answered() {
    let mut chance = Chance(SEED);
    let all: Vec<String> = samples().collect();
    let mut raw = Vec::new();
    while raw.len() < MAX_BYTES + 10_000 {
        let mut piece = all[chance.below(all.len())].clone().into_bytes();
        mutate(&mut piece, &mut chance);
        raw.append(&mut piece);
    }
    answered(&raw);
}
