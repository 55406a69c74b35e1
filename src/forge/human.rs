//! Passwords as people make them: a word they like, a year, a sign, a letter swapped for a digit.
//!
//! `<word:N>` is a random mix; most passwords in real files are not. These are, so that a test of
//! what names and values say to each other is not a test of randomness alone.

use fastrand::Rng;

/// What people choose from, in the languages they speak; none is a word that stands for a value to come.
const WORDS: [&str; 64] = [
    "falcon",
    "tiger",
    "summer",
    "winter",
    "copper",
    "meadow",
    "rocket",
    "pirate",
    "dragon",
    "purple",
    "orange",
    "hockey",
    "guitar",
    "river",
    "thunder",
    "silver",
    "castle",
    "panther",
    "marble",
    "coffee",
    "biscuit",
    "pepper",
    "shadow",
    "eagle",
    "harbor",
    "comet",
    "lagoon",
    "walnut",
    "velvet",
    "granite",
    "sommer",
    "fussball",
    "schnitzel",
    "regenbogen",
    "geheimnis",
    "katze",
    "soleil",
    "bonjour",
    "chouette",
    "fromage",
    "verano",
    "tortuga",
    "montana",
    "estrella",
    "cerveza",
    "gatto",
    "pomodoro",
    "juventus",
    "saudade",
    "floresta",
    "kirsche",
    "tulpe",
    "fiets",
    "appel",
    "hemlig",
    "sakura",
    "kawaii",
    "natasha",
    "medved",
    "berlin",
    "napoli",
    "oslo",
    "charlie",
    "jessica",
];
/// On every list of passwords that are tried first, and in configurations all the same.
const WEAK: [&str; 20] = [
    "postgres",
    "admin",
    "root",
    "toor",
    "qwerty",
    "letmein",
    "welcome1",
    "hunter2",
    "admin123",
    "root123",
    "mysql",
    "guest",
    "monkey1",
    "iloveyou",
    "qwerty123",
    "rabbitmq",
    "grafana",
    "minioadmin",
    "elastic",
    "sunshine",
];
/// Signs that mean nothing to a shell, a URL or a configuration.
const PLAIN: &str = "!*-_+.";
/// Signs that do.
const HARD: &str = "@#%&^:/?=,;|~";

/// One of the ways people have. `hard` ones hold signs that must be quoted or escaped in many notations.
pub(super) fn password(hard: bool, rng: &mut Rng) -> String {
    let (first, second) = (word(rng), word(rng));
    let number = rng.u32(10..100);
    let year = rng.u32(1961..2026);
    let sign = sign(if hard { HARD } else { PLAIN }, rng);
    let sure = if hard { sign.to_string() } else { String::new() };
    match rng.u32(..9) {
        0 => format!("{}{year}{sign}", capital(first)),
        1 => format!("{first}{sure}{year}"),
        2 => format!("{}{sign}{number}", leet(first)),
        3 => format!("{}{}{sign}{}", capital(first), capital(second), number % 10),
        4 => format!("{first}{sign}{second}{number}"),
        5 => format!("{}{sign}{year}", capital(first)),
        6 => format!("{}{sign}{number}{}", first.to_uppercase(), &second[..2]),
        7 => format!("{first}{sure}{}{number}", capital(second)),
        _ => format!("{}{}{number}{sign}{}", short(first), capital(&short(second)), number % 7),
    }
}

/// A password of the lists.
pub(super) fn weak(rng: &mut Rng) -> String {
    WEAK[rng.usize(..WEAK.len())].into()
}

/// So many words, a number among them.
pub(super) fn phrase(count: usize, between: &str, rng: &mut Rng) -> String {
    let mut words: Vec<String> = (0..count).map(|_| word(rng).to_owned()).collect();
    if let Some(one) = words.last_mut() {
        one.push_str(&rng.u32(2..100).to_string());
    }
    words.join(between)
}

/// What stands between the words of a phrase without spaces.
pub(super) fn joint(rng: &mut Rng) -> &'static str {
    ["-", "_", ".", ""][rng.usize(..4)]
}

fn word(rng: &mut Rng) -> &'static str {
    WORDS[rng.usize(..WORDS.len())]
}

fn sign(of: &str, rng: &mut Rng) -> char {
    char::from(of.as_bytes()[rng.usize(..of.len())])
}

fn capital(word: &str) -> String {
    word.chars().enumerate().map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { c }).collect()
}

fn leet(word: &str) -> String {
    let swap = |c| match c {
        'a' => '4',
        'e' => '3',
        'i' => '1',
        'o' => '0',
        's' => '5',
        c => c,
    };
    word.chars().enumerate().map(|(at, c)| if at == 0 { c } else { swap(c) }).collect()
}

/// Without its vowels, but for the first letter.
fn short(word: &str) -> String {
    word.chars().enumerate().filter(|(at, c)| *at == 0 || !"aeiou".contains(*c)).map(|(_, c)| c).take(4).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(made: fn(&mut Rng) -> String, fits: fn(&str) -> bool) {
        for seed in 0..300 {
            let text = made(&mut Rng::with_seed(seed));
            assert!(fits(&text), "{text}");
            assert_eq!(text, made(&mut Rng::with_seed(seed)), "the same seed gives the same text");
        }
    }

    #[test]
    fn passwords_are_of_a_length_people_type() {
        let has_sign = |text: &str| text.contains(|c| HARD.contains(c));
        check(|rng| password(false, rng), |text| (5..=24).contains(&text.len()) && text.chars().any(|c| c.is_ascii_digit()));
        assert!((0..300).all(|seed| has_sign(&password(true, &mut Rng::with_seed(seed)))));
        assert!(!(0..300).any(|seed| has_sign(&password(false, &mut Rng::with_seed(seed)))));
        check(weak, |text| WEAK.contains(&text));
        check(|rng| phrase(4, " ", rng), |text| text.split(' ').count() == 4);
    }
}
