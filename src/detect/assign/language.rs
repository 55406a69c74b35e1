//! How much text reads like words: a model of three letters at a time, trained on code and its comments
//! by `tools/train_trigrams.py`.

use std::sync::LazyLock;

/// Rows by the two letters before, one digit for the letter that follows; see the script.
const TABLE: &str = include_str!("trigrams.txt");

static SURPRISE: LazyLock<Vec<u8>> =
    LazyLock::new(|| TABLE.bytes().filter(|byte| *byte != b'\n').map(|byte| byte.saturating_sub(b'0')).collect());

/// Mean surprise of a letter above which a run of letters is no word of any language we meet: random
/// letters have 7.2, words 2.5 to 5.
const STRANGE: f64 = 5.6;

/// Half bits of surprise, and letters, of one run of letters.
fn surprise(run: &[u8]) -> (u32, u32) {
    let code = |byte: u8| usize::from(byte.to_ascii_lowercase().saturating_sub(b'a')) + 1;
    let (mut a, mut b, mut sum) = (0, 0, 0);
    for c in run.iter().map(|byte| code(*byte)).chain([0]) {
        sum += u32::from(SURPRISE.get((27 * a + b) * 27 + c).copied().unwrap_or(40));
        (a, b) = (b, c);
    }
    (sum, run.len() as u32 + 1)
}

/// The runs of letters of one word each: split at case as in `camelCase`.
fn runs(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let joined = |a: &u8, b: &u8| {
        a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && !(a.is_ascii_lowercase() && b.is_ascii_uppercase())
    };
    text.chunk_by(joined).filter(|run| run.first().is_some_and(u8::is_ascii_alphabetic))
}

/// Mean surprise of a letter in bits, and how many letters were looked at. Short runs say little and
/// count only where there is nothing else.
pub(super) fn strangeness(text: &[u8]) -> (f64, u32) {
    let mean = |least: usize| {
        runs(text).filter(|run| run.len() >= least).map(surprise).fold((0, 0), |(sum, count), (s, c)| (sum + s, count + c))
    };
    let (sum, count) = match mean(3) {
        (_, 0) => mean(1),
        found => found,
    };
    if count == 0 { (0.0, 0) } else { (f64::from(sum) / 2.0 / f64::from(count), count) }
}

/// How much of the text, from 0 to 1, stands in runs of letters that read like words.
pub(super) fn wordiness(text: &[u8]) -> f64 {
    let strange = |run: &[u8]| {
        let (sum, count) = surprise(run);
        f64::from(sum) / 2.0 / f64::from(count) > STRANGE
    };
    let words: usize = runs(text).filter(|run| run.len() >= 3 && !strange(run)).map(<[u8]>::len).sum();
    words as f64 / text.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::filler::expand;

    #[test]
    fn words_are_told_from_noise() {
        for text in
            ["description", "accessToken", "getElementById", "user_password_field", "elasticsearch", "org.apache.commons.lang"]
        {
            assert!(wordiness(text.as_bytes()) > 0.65, "{text}");
        }
        for seed in 0..50 {
            let text = expand("<base62:32>", seed);
            assert!(wordiness(text.as_bytes()) < 0.6, "{text}");
            let (strange, _) = strangeness(expand("<lower:20>", seed).as_bytes());
            assert!(strange > STRANGE, "{strange}");
        }
    }
}
