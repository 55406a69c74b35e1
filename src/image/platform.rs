//! Platforms, as people and manifests write them.

use super::json::Json;
use std::fmt;

/// An operating system and an architecture, perhaps with a variant: `linux/arm64/v8`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// `linux`, `windows`; empty where only the architecture was asked for.
    pub os: String,
    /// As the Go language names them: `amd64`, `arm64`; empty where only the system was asked for.
    pub architecture: String,
    /// `v7`, `v8`
    pub variant: Option<String>,
}

impl Platform {
    /// Reads `os/arch[/variant]`, `os` or `arch`, with the other common names of architectures.
    /// `None` if it is empty or has more parts.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<_> = text.split('/').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        match *parts.as_slice() {
            [one] if matches!(one, "linux" | "windows" | "darwin" | "freebsd" | "wasi") => Some(Self::new(one, "", None)),
            [one] => Some(Self::new("", one, None)),
            [os, arch] => Some(Self::new(os, arch, None)),
            [os, arch, variant] => Some(Self::new(os, arch, Some(variant))),
            _ => None,
        }
    }

    fn new(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        let (architecture, implied) = match architecture.to_ascii_lowercase().as_str() {
            "x86_64" | "x86-64" => ("amd64".to_owned(), None),
            "aarch64" => ("arm64".to_owned(), None),
            "armhf" => ("arm".to_owned(), Some("v7")),
            "armel" => ("arm".to_owned(), Some("v6")),
            other => (other.to_owned(), None),
        };
        let variant = variant.or(implied).filter(|variant| !(architecture == "arm64" && matches!(*variant, "v8" | "8")));
        Self { os: os.to_ascii_lowercase(), architecture, variant: variant.map(str::to_owned) }
    }

    /// Reads the `platform` of a descriptor, or an image config, which has the same keys.
    pub fn of(json: &Json) -> Option<Self> {
        let variant = json.str("variant").filter(|variant| !variant.is_empty());
        let text = |key| json.str(key).unwrap_or_default();
        let platform = Self::new(text("os"), text("architecture"), variant);
        (!platform.os.is_empty() || !platform.architecture.is_empty()).then_some(platform)
    }

    /// Whether an image of the platform `other` is what was asked for. What was not said fits all.
    pub fn accepts(&self, other: &Self) -> bool {
        let fits = |wanted: &str, given: &str| wanted.is_empty() || wanted == given;
        let variant = self.variant.is_none() || self.variant == other.variant;
        fits(&self.os, &other.os) && fits(&self.architecture, &other.architecture) && variant
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [self.os.as_str(), self.architecture.as_str(), self.variant.as_deref().unwrap_or_default()];
        let shown: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        f.write_str(&crate::place::escaped(shown.join("/").as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(asked: &str, given: &str, expected: bool) {
        let platforms = Platform::parse(asked).zip(Platform::parse(given));
        assert_eq!(platforms.map(|(asked, given)| asked.accepts(&given)), Some(expected), "{asked} {given}");
    }

    #[test]
    fn common_spellings_are_one_platform() {
        check("linux/arm64", "linux/arm64/v8", true);
        check("linux/arm64/v8", "linux/arm64", true);
        check("linux/x86_64", "linux/amd64", true);
        check("arm64", "linux/arm64", true);
        check("linux", "linux/arm64", true);
        check("linux/arm/v7", "linux/arm/v6", false);
        check("linux/arm", "linux/arm/v6", true);
        check("windows/amd64", "linux/amd64", false);
        assert_eq!(Platform::parse("linux//v8"), None);
        assert_eq!(Platform::parse("a/b/c/d"), None);
    }
}
