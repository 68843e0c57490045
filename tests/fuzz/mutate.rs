//! Changing bytes by chance, the same for the same seed.

/// Sebastiano Vigna's splitmix64: enough for choosing places.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 when there is none.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }
}

/// Pieces at which readers stumble.
const PIECES: [&[u8]; 40] = [
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b".",
    b"=",
    b"&",
    b"%",
    b";",
    b"\r\n",
    b"\0",
    b"null",
    b"true",
    b"-1",
    b"1e308",
    b"18446744073709551616",
    b"\"\":\"\"",
    b"[[[[[[[[",
    b"{\"a\":",
    b"\\u0000",
    b"\\ud800",
    b"%00",
    b"%FF",
    b"%2525",
    b"\xff\xfe",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x92\xa9",
    b"\xe2\x80\xae",
    b"//",
    b"/\\",
    b"..",
    b"::ffff:",
    b"AADSTS",
    b"=\"",
    b"\xef\xbb\xbf",
];

/// Change `input` one to six times.
pub fn mutate(input: &mut Vec<u8>, chance: &mut Chance) {
    for _ in 0..=chance.below(6) {
        let at = chance.below(input.len() + 1);
        let to = at + chance.below((input.len() - at).min(64) + 1);
        match chance.below(9) {
            0 if at < input.len() => input[at] ^= 1 << chance.below(8),
            1 => input.truncate(at),
            2 => {
                let piece = PIECES[chance.below(PIECES.len())];
                input.splice(at..at, piece.iter().copied());
            }
            3 => {
                let piece = PIECES[chance.below(PIECES.len())];
                input.splice(at..to, piece.iter().copied());
            }
            4 => {
                input.drain(at..to);
            }
            5 => {
                let again = input[at..to].repeat(1 + chance.below(8));
                input.splice(at..at, again);
            }
            6 => input[at..to].reverse(),
            7 if at < input.len() => {
                input[at] = u8::try_from(chance.below(256)).unwrap_or(0);
            }
            _ => input.push(u8::try_from(chance.below(256)).unwrap_or(0)),
        }
    }
}
