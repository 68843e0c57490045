//! Walks along the alphabet or the keyboard: nobody needs a list to guess these.

/// Keys side by side or one below the other, on the keyboards of our customers (US, German, French).
const KEYS: &[&str] = &[
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiopü",
    "asdfghjklöä",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1qaz",
    "2wsx",
    "3edc",
    "4rfv",
    "5tgb",
    "6yhn",
    "7ujm",
    "8ik",
    "9ol",
];

/// Whether most of the text, or of each of the two texts woven into it (`1q2w3e…`), goes one step after the other in one
/// direction. Lower-case.
pub(super) fn is_one(text: &str) -> bool {
    let all: Vec<char> = text.chars().collect();
    let half = |from: usize| {
        all.iter()
            .copied()
            .skip(from)
            .step_by(2)
            .collect::<Vec<_>>()
    };
    goes_straight(&all) || goes_straight(&half(0)) && goes_straight(&half(1))
}

fn goes_straight(text: &[char]) -> bool {
    let steps = |goes: fn(char, char) -> bool| {
        let next = text.iter().zip(text.iter().skip(1));
        next.filter(|(a, b)| goes(**a, **b)).count()
    };
    let most = steps(follows).max(steps(|a, b| follows(b, a)));
    text.len() > 3 && most * 10 >= (text.len() - 1) * 7
}

/// Whether `b` comes right after `a`; zero after nine.
fn follows(a: char, b: char) -> bool {
    u32::from(a).checked_add(1) == Some(u32::from(b))
        || (a, b) == ('9', '0')
        || KEYS.iter().any(|row| {
            let next = row.chars().zip(row.chars().skip(1));
            next.into_iter().any(|pair| pair == (a, b))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_along_rows_columns_and_two_rows_at_once_are_found() {
        for walk in [
            "abcdefghijklmnop",
            "ponmlkjihgfedcba",
            "123456789012345",
            "asdfghjklzxcvbnm",
            "mnbvcxzlkjhgfdsa",
            "1q2w3e4r5t6y7u8i",
            "q1w2e3r4t5z6u7i8",
            "1qaz2wsx3edc4rfv",
        ] {
            assert!(is_one(walk), "{walk}");
        }
    }

    #[test]
    fn words_are_no_walks() {
        for words in [
            "a first defense of hi-fi stereos",
            "we were tired; the power was out",
            "desert trees and 1234 more",
            "п",
            "",
        ] {
            assert!(!is_one(words), "{words}");
        }
    }
}
