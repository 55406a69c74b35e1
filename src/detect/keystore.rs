//! Private keys in key stores that open with what everybody tries.

use super::{Hit, judge};
use crate::rules::{KeyStore, Rule};
use std::sync::Arc;

/// Judges a file that is a key store as a whole.
pub(super) fn detect(rules: &[Arc<Rule>], store: Option<&KeyStore>, bytes: &[u8], found: &mut Vec<Hit>) {
    let (Some(rule), Some(KeyStore::Open { password, keys })) = (rules.first(), store) else { return };
    let mut hit = judge::hit(rule, bytes, 0..0, 0);
    let how = match password {
        None => "it needs no password".to_owned(),
        Some("") => "it opens with an empty password".to_owned(),
        Some(password) => format!("it opens with the password `{password}`, which everybody tries"),
    };
    let named: Vec<&str> = keys.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    hit.note = Some(match named.as_slice() {
        [] => how.clone(),
        _ => format!("holds the key {}; {how}", named.join(", ")),
    });
    hit.reasons = vec![how.into()];
    found.push(hit);
}
