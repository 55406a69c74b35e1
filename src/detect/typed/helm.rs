//! Releases of Helm: base64 of gzip of JSON, in which values, manifests and the files of the chart stand.

use crate::detect::outline::{Masks, json};
use std::io::Read as _;

/// A release inflates to at most this.
const LARGEST: u64 = 4 << 20;

/// A text of a release.
pub(super) struct Text {
    /// The keys that lead to it.
    pub(super) path: String,
    pub(super) text: Vec<u8>,
    /// Whether the text was base64 once more: a file of the chart.
    pub(super) is_file: bool,
}

/// The JSON of a release, out of what `data.release` decodes to.
pub(super) fn inflate(release: &[u8]) -> Option<Vec<u8>> {
    let packed = super::base64(release)?;
    let mut json = Vec::new();
    flate2::read::MultiGzDecoder::new(packed.as_slice()).take(LARGEST).read_to_end(&mut json).ok()?;
    Some(json)
}

/// Hands over each text of a release.
pub(super) fn texts(release: &[u8], take: &mut dyn FnMut(Text)) {
    json::walk(release, release.len(), &mut |trail, span| {
        let written = release.get(span.start.saturating_sub(1)..span.end + 1).unwrap_or_default();
        let plain = || release.get(span.clone()).unwrap_or_default().to_vec();
        let text = serde_json::from_slice::<String>(written).map_or_else(|_| plain(), String::into_bytes);
        let path = trail.render(release, &Masks::none());
        // Templates and other files of a chart are `{"name": …, "data": base64}`.
        let file = if path.starts_with("chart.") && path.ends_with("].data") { super::base64(&text) } else { None };
        take(Text { path, is_file: file.is_some(), text: file.unwrap_or(text) });
    });
}
