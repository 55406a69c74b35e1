//! What the engine did not look at because a text holds more of it than an honest one does: counted, so that
//! whoever scans can tell of it and nothing is passed over in silence.

/// Counts of what was left out of one view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    /// Names that stand in each other's values.
    pub names: usize,
    /// Programs that stand in each other's commands.
    pub commands: usize,
    /// Beginnings of JSON web tokens in one run.
    pub headers: usize,
    /// Encoded texts past what may be decoded of one stretch, or that go on past it.
    pub encoded: usize,
    /// Kubernetes Secrets that no window holds as a whole.
    pub documents: usize,
}

impl Unseen {
    /// Adds what was left out of another text.
    pub fn add(&mut self, other: Self) {
        let Self { names, commands, headers, encoded, documents } = other;
        self.names += names;
        self.commands += commands;
        self.headers += headers;
        self.encoded += encoded;
        self.documents += documents;
    }

    /// What to say of it; nothing where all was looked at.
    pub fn detail(&self) -> Option<String> {
        let told = [
            (self.names, "names in each other's values"),
            (self.commands, "commands in each other"),
            (self.headers, "beginnings of a JSON web token in one run"),
            (self.encoded, "encoded texts, or the rest of them"),
            (self.documents, "Kubernetes Secrets too long for their structure to be read"),
        ];
        let told: Vec<_> = told.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        (!told.is_empty()).then(|| format!("not looked at: {}", told.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Engine, View};
    use super::*;
    use crate::rules::RuleSet;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;
    use std::sync::LazyLock;

    static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(&RuleSet::builtin().unwrap()).unwrap());

    /// What is left out of a text with this name, of which `owned` bytes are the view's own.
    fn check(name: &str, text: &str, owned: usize, expected: fn(Unseen) -> bool) {
        let whole = owned >= text.len();
        let view = View { bytes: text.as_bytes(), owned: 0..owned.min(text.len()), whole, name: name.as_bytes() };
        let unseen = ENGINE.detect_first(&view, &mut Vec::new());
        assert!(expected(unseen), "{unseen:?} of {}", &text[..text.len().min(60)]);
    }

    fn compressed(length: usize) -> String {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        let numbers: Vec<u8> =
            (0..).flat_map(|n: u32| n.wrapping_mul(2_654_435_761).to_string().into_bytes()).take(length).collect();
        gzip.write_all(&numbers).unwrap();
        data_encoding::BASE64.encode(&gzip.finish().unwrap())
    }

    #[test]
    fn what_nests_too_deep_is_counted() {
        check("a.env", &"password=".repeat(40), usize::MAX, |unseen| unseen.names > 0);
        check("a.env", &"password=x\n".repeat(400), usize::MAX, |unseen| unseen == Unseen::default());
        check("a.sh", &"\"mysql ".repeat(60), usize::MAX, |unseen| unseen.commands > 0);
        check("a.sh", &"curl -u bob:x http://a\n".repeat(400), usize::MAX, |unseen| unseen == Unseen::default());
        check("a", &"-eyJ".repeat(40), usize::MAX, |unseen| unseen.headers > 0);
        check("a", &"-eyJ ".repeat(40), usize::MAX, |unseen| unseen == Unseen::default());
    }

    #[test]
    fn what_goes_on_past_a_window_is_counted() {
        let text = format!("x: {}\n", compressed(200_000));
        check("a", &text, usize::MAX, |unseen| unseen == Unseen::default());
        let cut = &text[..40_000];
        check("a", cut, 20_000, |unseen| unseen.encoded == 1);
        check("a", &format!("x: {}\n", compressed(3 << 20)), usize::MAX, |unseen| unseen.encoded >= 1);
    }

    #[test]
    fn secrets_of_kubernetes_are_seen_in_windows_that_hold_them() {
        let secret = "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  a: YWJj\n";
        let text = format!("a: b\n{secret}---\n{}", "c: d\n".repeat(100));
        check("a.yaml", &text, 80, |unseen| unseen == Unseen::default());
        let open = format!("{secret}{}", "  c: d\n".repeat(100));
        check("a.yaml", &open, 80, |unseen| unseen.documents == 1);
        check("a.yaml", &open, usize::MAX, |unseen| unseen == Unseen::default());
        let json = format!("{{\"items\": [{{\"kind\": \"Secret\", \"data\": {{}}}}, {}", "{\"a\": 1},".repeat(100));
        check("a.json", &json, 80, |unseen| unseen.documents == 1);
    }
}
