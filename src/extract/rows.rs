//! Rows of settings: tables in which one column holds the name of what stands in another.

/// What stands before `_key` where the column holds the key itself.
const SECRETS: [&str; 8] = ["api", "secret", "access", "private", "encryption", "signing", "auth", "license"];

/// Whether a column holds what the value beside it is called.
pub(crate) fn holds_names(column: &str) -> bool {
    let column = column.to_ascii_lowercase();
    if column.strip_suffix("_key").is_some_and(|head| SECRETS.iter().any(|secret| head.ends_with(secret))) {
        return false;
    }
    ["name", "key", "k", "setting", "property", "option", "variable", "param", "parameter", "field", "attribute"]
        .iter()
        .any(|word| column == *word || column.strip_suffix(word).is_some_and(|head| head.ends_with('_')) && word.len() > 1)
}

/// Whether a column holds values that the row gives a name.
pub(crate) fn holds_values(column: &str) -> bool {
    let column = column.to_ascii_lowercase();
    column == "v" || ["value", "val", "data", "content", "text", "setting"].iter().any(|word| column.ends_with(word))
}

/// Longest text that names the value beside it in a row.
const LABEL: usize = 64;

/// Whether a text may name the value beside it in a row.
pub(crate) fn is_label(text: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:/".contains(byte);
    (1..=LABEL).contains(&text.len()) && text.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_names_and_values() {
        assert!(["name", "key", "config_key", "option_name", "k"].iter().all(|column| holds_names(column)));
        assert!(!["id", "monkey", "username", "link", "internal_api_key"].iter().any(|column| holds_names(column)));
        assert!(holds_values("value") && holds_values("option_value") && !holds_values("password"));
    }
}
