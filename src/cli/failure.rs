//! What a person reads when the program could not do its work: what went wrong, and what to do.

use std::fmt::Display;
use std::io::Write;

/// The end of a run that has no answer.
#[derive(Debug)]
pub(super) struct Failure {
    message: String,
    hint: Option<String>,
}

impl Failure {
    pub(super) fn new(message: impl Display) -> Self {
        Self { message: message.to_string(), hint: None }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Writes it to standard error. If even that is closed there is no one to tell.
    pub(super) fn tell(&self) {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "error: {}", crate::place::escaped(self.message.as_bytes()));
        if let Some(hint) = &self.hint {
            let _ = writeln!(err, "hint: {}", crate::place::escaped(hint.as_bytes()));
        }
    }
}
