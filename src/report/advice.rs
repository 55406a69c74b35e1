//! What to do about an incident: how to keep the secret out of the next build, and what to do about
//! this one.

use crate::audit::{Fate, Incident};

/// The one rule that is about what a file does, not about what it holds.
const UNSAFE_PICKLE: &str = "unsafe-pickle";

/// Sentences for a person, most useful first.
pub(super) fn hints(incident: &Incident) -> Vec<String> {
    let mut hints = Vec::new();
    if incident.rule.id == UNSAFE_PICKLE {
        hints.push("do not load it: get the model from whom you trust, in a format that holds no code, such as safetensors, or load it with what refuses other names (torch.load with weights_only)".into());
        return hints;
    }
    let has = |wanted: fn(&Fate) -> bool| incident.occurrences.iter().any(|occurrence| wanted(&occurrence.fate));
    let in_image = incident.occurrences.iter().any(|occurrence| occurrence.image.is_some());
    if has(|fate| matches!(fate, Fate::Deleted { .. } | Fate::Overwritten { .. })) {
        hints.push("a later layer hides the file but its bytes still ship: use RUN --mount=type=secret, or a multi-stage build that copies only results".into());
    }
    if has(|fate| *fate == Fate::Config) && in_image {
        hints.push("config and history are readable by all who can pull: give build steps secrets with RUN --mount=type=secret, and the running container with its orchestrator".into());
    }
    if has(|fate| *fate == Fate::Live) && in_image {
        hints.push("keep the file out of the build context (.dockerignore), or mount it with RUN --mount=type=secret".into());
    }
    if !in_image {
        hints.push("take it out of the artifact and read it at run time from the environment or a secret store".into());
    }
    if !incident.secret.is_empty() {
        let at = if incident.rule.rotate.is_empty() { String::new() } else { format!(" ({})", incident.rule.rotate) };
        hints.push(format!("rotate it{at}: whoever has a copy of the artifact has the secret"));
    }
    hints
}
