//! An artifact in the making: roots given out once for each blob, images, gaps.

use super::archive::Fault;
use super::store::Store;
use super::{Artifact, Choice, Opener, Root, RootKind, SourceError, TargetKind};
use crate::blob::Digest;
use crate::finding::{Gap, GapReason, Scope};
use crate::image::config::Config;
use crate::image::json::Json;
use crate::image::manifest::Descriptor;
use crate::image::{Image, Layer};
use crate::limits::Limits;
use crate::place::{Place, RootId, escaped};
use crate::slice::FileSlice;
use std::collections::HashMap;

/// Settings of all images together: past this many bytes configs are scanned as documents, one at a time.
const SETTINGS: usize = 32 << 20;

/// Images of one artifact. A manifest of four megabytes can name a million.
const IMAGES: usize = 4096;

/// An artifact in the making.
pub(crate) struct Assembly<'a> {
    pub(crate) store: &'a Store,
    pub(crate) limits: &'a Limits,
    pub(crate) choice: &'a Choice,
    pub(crate) kind: TargetKind,
    /// Of the file or directory, for errors.
    pub(crate) name: &'a str,
    pub(crate) images: Vec<Image>,
    /// Platforms of images that were not chosen.
    pub(crate) others: Vec<String>,
    roots: Vec<Root>,
    gaps: Vec<Gap>,
    by_member: HashMap<usize, RootId>,
    settings: usize,
    whole: Option<Place>,
}

/// What an image is made of, before its roots are given out.
pub(crate) struct Parts {
    pub(crate) digest: Option<Digest>,
    pub(crate) config_digest: Option<Digest>,
    pub(crate) names: Vec<String>,
    pub(crate) config: Config,
    /// What the index says, where the config says nothing.
    pub(crate) platform: Option<String>,
    pub(crate) config_place: Place,
    pub(crate) manifest: Option<(Json, Place)>,
    /// `None` for a layer whose blob is not there.
    pub(crate) layers: Vec<(Option<usize>, Descriptor)>,
}

impl<'a> Assembly<'a> {
    pub(crate) fn new(store: &'a Store, name: &'a str, kind: TargetKind, choice: &'a Choice, limits: &'a Limits) -> Self {
        let (images, others, roots, gaps) = Default::default();
        Self {
            store,
            limits,
            choice,
            kind,
            name,
            images,
            others,
            roots,
            gaps,
            by_member: HashMap::new(),
            settings: 0,
            whole: None,
        }
    }

    /// A place for what concerns the target as a whole.
    pub(crate) fn whole(&mut self) -> Place {
        if self.whole.is_none() {
            self.whole = Some(self.detached(RootKind::Absent, "archive", Opener::Nothing, None));
        }
        self.whole.clone().unwrap_or_else(|| Place::root(RootId(0), "archive"))
    }

    /// The root of a member: a new one, or the one it has. A layer is a layer, whatever else it is.
    pub(crate) fn root(&mut self, member: usize, kind: RootKind, label: &str) -> RootId {
        if let Some(id) = self.by_member.get(&member).copied() {
            if let Some(root) = self.roots.get_mut(id.0 as usize).filter(|_| kind == RootKind::Layer) {
                root.kind = kind;
            }
            return id;
        }
        let (opener, size) =
            self.store.get(member).map_or((Opener::Nothing, None), |stored| (stored.opener.clone(), Some(stored.size)));
        let id = self.detached(kind, label, opener, size).root_id();
        self.by_member.insert(member, id);
        id
    }

    /// A root that is no member of the archive.
    pub(crate) fn detached(&mut self, kind: RootKind, label: &str, opener: Opener, size: Option<u64>) -> Place {
        let id = RootId(u32::try_from(self.roots.len()).unwrap_or(u32::MAX));
        let place = Place::root(id, label);
        self.roots.push(Root { id, place: place.clone(), kind, size, digest: None, diff_id: None, opener });
        place
    }

    pub(crate) fn place(&self, id: RootId) -> Place {
        self.roots.get(id.0 as usize).map_or_else(|| Place::root(id, "root"), |root| root.place.clone())
    }

    pub(crate) fn gap(&mut self, place: &Place, reason: GapReason, detail: impl Into<String>, scope: Scope) {
        self.gaps.push(Gap { place: place.clone(), reason, detail: detail.into(), bytes: None, scope });
    }

    /// What was wrong with the archive.
    pub(crate) fn faults(&mut self, faults: Vec<Fault>) {
        for fault in faults {
            let place = self.whole();
            self.gaps.push(Gap { place, reason: fault.reason, detail: fault.detail, bytes: fault.bytes, scope: fault.scope });
        }
    }

    /// A document read whole, its size and digest checked. What does not fit is a gap, and what cannot
    /// be read as a document is left to be scanned as a file.
    pub(crate) fn document(&mut self, member: usize, label: &str, of: &Descriptor) -> Option<(Json, Place)> {
        let known = self.by_member.contains_key(&member);
        let id = self.root(member, RootKind::Settings, label);
        let place = self.place(id);
        let bytes = match self.store.read(member, self.limits.document) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.demote(id, RootKind::File);
                let detail = format!("longer than {} bytes, so it is scanned as text only", self.limits.document);
                self.gap(&place, GapReason::BadManifest, detail, Scope::Image);
                return None;
            }
            Err(error) => {
                self.demote(id, RootKind::Absent);
                self.gap(&place, GapReason::Unreadable, error.to_string(), Scope::Image);
                return None;
            }
        };
        if !known {
            self.verify(&place, &bytes, of);
        }
        match Json::parse(&bytes) {
            Ok(json) => Some((json, place)),
            Err(why) => {
                self.demote(id, RootKind::File);
                self.gap(&place, GapReason::BadManifest, why, Scope::Image);
                None
            }
        }
    }

    /// Checks bytes in memory against their descriptor.
    pub(crate) fn verify(&mut self, place: &Place, bytes: &[u8], of: &Descriptor) {
        if let Some(size) = of.size.filter(|size| *size != bytes.len() as u64) {
            self.gap(place, GapReason::SizeMismatch, format!("{} bytes, {size} by its descriptor", bytes.len()), Scope::Image);
        }
        let Some(digest) = &of.digest else { return };
        let mut hasher = digest.hasher();
        hasher.update(bytes);
        let found = hasher.finish();
        if found != *digest {
            self.gap(
                place,
                GapReason::DigestMismatch,
                format!("{} by its name, {} by its bytes", digest.short(), found.short()),
                Scope::Image,
            );
        }
    }

    /// Gives a root that was to be read as settings to the scan after all.
    pub(crate) fn demote(&mut self, id: RootId, kind: RootKind) {
        if let Some(root) = self.roots.get_mut(id.0 as usize).filter(|root| root.kind == RootKind::Settings) {
            root.kind = kind;
        }
    }

    /// Whether an image of that platform is wanted.
    pub(crate) fn wants(&mut self, platform: Option<&crate::image::platform::Platform>) -> bool {
        let Some(asked) = &self.choice.platform else { return true };
        let fits = platform.is_some_and(|given| asked.accepts(given));
        if let Some(given) = platform.filter(|_| !fits) {
            self.others.push(given.to_string());
        }
        fits
    }

    /// Whether there is room for one more image; if not, a gap has said so, and what it is made of is
    /// scanned as what no manifest names.
    pub(crate) fn room(&mut self) -> bool {
        if self.images.len() < IMAGES {
            return true;
        }
        let place = self.whole();
        if self.gaps.last().is_none_or(|gap| gap.reason != GapReason::SizeLimit || gap.place != place) {
            self.gap(&place, GapReason::SizeLimit, format!("more than {IMAGES} images"), Scope::Image);
        }
        false
    }

    /// Makes an image of its parts.
    pub(crate) fn image(&mut self, mut parts: Parts) {
        let (layers, ids) = (parts.layers.len(), parts.config.diff_ids.len());
        if parts.config.rootfs && layers != ids {
            let detail = format!("the manifest has {layers} layers, the config {ids} diff ids");
            self.gap(&parts.config_place, GapReason::BadManifest, detail, Scope::Image);
        }
        if let Some(made) = parts.config.mismatch {
            let detail =
                format!("the history makes {made} layers, the image has {layers}: which instruction made which is unknown");
            self.gap(&parts.config_place, GapReason::HistoryMismatch, detail, Scope::Item);
        }
        let suffix = self.suffix(&parts);
        let described = std::mem::take(&mut parts.layers);
        let mut made = Vec::new();
        for (index, (member, of)) in described.into_iter().enumerate() {
            made.push(self.layer(index, member, of, layers == ids, &parts.config, &suffix));
        }
        let (mut settings, manifest_place) =
            (std::mem::take(&mut parts.config.settings), parts.manifest.as_ref().map(|(_, place)| place.clone()));
        if let Some((json, _)) = &parts.manifest {
            settings.extend(crate::image::document::settings(json, crate::image::Document::Manifest));
        }
        let words = settings.iter().map(|setting| setting.value.len() + setting.name.len() + 128);
        let history = parts.config.history.iter().map(|entry| entry.created_by.len() + 64);
        self.settings = words.chain(history).fold(self.settings, usize::saturating_add);
        if self.settings > SETTINGS {
            // Memory does not grow with the number of images: these are read one by one in the scan.
            (settings, parts.config.history) = (Vec::new(), Vec::new());
            made.iter_mut().for_each(|layer| layer.created_by = None);
            for place in [Some(&parts.config_place), manifest_place.as_ref()].into_iter().flatten() {
                self.demote(place.root_id(), RootKind::Document);
            }
        }
        parts.names.sort();
        parts.names.dedup();
        self.images.push(Image {
            digest: parts.digest,
            config_digest: parts.config_digest,
            names: parts.names,
            platform: parts.config.platform.map(|platform| platform.to_string()).or(parts.platform),
            layers: made,
            history: parts.config.history,
            settings,
            manifest_place: manifest_place.unwrap_or_else(|| parts.config_place.clone()),
            config_place: parts.config_place,
        });
    }

    /// What tells the layers of one image from those of another: nothing for the first.
    fn suffix(&self, parts: &Parts) -> String {
        if self.images.is_empty() {
            return String::new();
        }
        let platform = parts.config.platform.as_ref().map(ToString::to_string).or_else(|| parts.platform.clone());
        let repeated = platform.is_none() || self.images.iter().any(|image| image.platform == platform);
        let digest = parts.digest.as_ref().or(parts.config_digest.as_ref()).map(|digest| digest.short().to_owned());
        let word = if repeated { parts.names.first().cloned().or(digest).or(platform) } else { platform };
        word.map_or_else(|| format!(" of image {}", self.images.len()), |word| format!(" of {}", escaped(word.as_bytes())))
    }

    fn layer(&mut self, index: usize, member: Option<usize>, of: Descriptor, fits: bool, config: &Config, suffix: &str) -> Layer {
        let label = format!("layer {index}{suffix}");
        let diff_id = config.diff_ids.get(index).filter(|_| fits).cloned().flatten();
        let made = config.made_by.get(index).cloned().flatten();
        let (history, created_by) = made.map_or((None, None), |(history, text)| (Some(history), Some(text)));
        let root = match (member, &of.data) {
            (Some(member), _) => self.root(member, RootKind::Layer, &label),
            (None, Some(data)) => {
                let opener = Opener::Slice(FileSlice::from_bytes(data.as_slice()));
                self.detached(RootKind::Layer, &label, opener, Some(data.len() as u64)).root_id()
            }
            (None, None) => self.absent(&label, &of),
        };
        let stored = self.roots.get(root.0 as usize).and_then(|root| root.size);
        self.check_layer(root, member, &of, stored);
        if let Some(root) = self.roots.get_mut(root.0 as usize) {
            root.digest = root.digest.take().or_else(|| of.digest.clone());
            root.diff_id = root.diff_id.take().or_else(|| diff_id.clone());
        }
        Layer { index, root, digest: of.digest, diff_id, created_by, history, size: stored.or(of.size) }
    }

    /// A root for a blob that is not there, and the gap that says so.
    pub(crate) fn absent(&mut self, label: &str, of: &Descriptor) -> RootId {
        self.missing(label, of, Scope::Image)
    }

    /// As [`Assembly::absent`], where it may cost no more than an item.
    pub(crate) fn missing(&mut self, label: &str, of: &Descriptor, scope: Scope) -> RootId {
        let place = self.detached(RootKind::Absent, label, Opener::Nothing, None);
        let platform = of.platform.as_ref().map(|platform| format!(" (for {platform})")).unwrap_or_default();
        let detail = format!("{}{platform} is named by a manifest and not there", escaped(of.digest_text.as_bytes()));
        self.gaps.push(Gap { place: place.clone(), reason: GapReason::MissingBlob, detail, bytes: of.size, scope });
        place.root_id()
    }

    fn check_layer(&mut self, root: RootId, member: Option<usize>, of: &Descriptor, stored: Option<u64>) {
        let place = self.place(root);
        if let (Some(size), Some(stored)) = (of.size, stored)
            && size != stored
        {
            self.gap(&place, GapReason::SizeMismatch, format!("{stored} bytes, {size} by its descriptor"), Scope::Image);
        }
        if !of.digest_text.is_empty() && of.digest.is_none() {
            let detail = format!("its digest cannot be checked: {}", escaped(of.digest_text.as_bytes()));
            self.gap(&place, GapReason::BadManifest, detail, Scope::Image);
        }
        let known = self.roots.get(root.0 as usize).map(|root| (root.digest.clone(), root.diff_id.clone()));
        if let Some((Some(other), _)) = known.filter(|(other, _)| other.is_some() && of.digest.is_some() && *other != of.digest) {
            let detail = format!("two manifests give it two digests, one of them {}", other.short());
            self.gap(&place, GapReason::DigestMismatch, detail, Scope::Image);
        }
        let head = member.map(|member| self.store.head(member)).unwrap_or_default();
        let content = match head.get(..4) {
            Some([0x1f, 0x8b, ..]) => "gzip",
            Some([0x28, 0xb5, 0x2f, 0xfd]) => "zstd",
            _ => return,
        };
        let said = ["gzip", "zstd"].into_iter().find(|said| of.media_type.ends_with(said)).unwrap_or("none");
        if !of.media_type.is_empty() && !of.media_type.contains(content) && of.media_type.contains("tar") {
            let detail = format!("its media type says compression {said}, its bytes say {content}; the bytes count");
            self.gap(&place, GapReason::Disagreement, detail, Scope::Item);
        }
    }

    /// What a descriptor says of a root that the scan will read.
    pub(crate) fn expect(&mut self, id: RootId, of: &Descriptor) {
        let Some(root) = self.roots.get_mut(id.0 as usize) else { return };
        root.digest = root.digest.take().or_else(|| of.digest.clone());
        let (place, stored) = (root.place.clone(), root.size);
        if let (Some(size), Some(stored)) = (of.size, stored.filter(|stored| of.size.is_some_and(|size| size != *stored))) {
            self.gap(&place, GapReason::SizeMismatch, format!("{stored} bytes, {size} by its descriptor"), Scope::Image);
        }
    }

    /// JSON or not, by content.
    pub(crate) fn looks(&self, member: usize) -> RootKind {
        let bounded = self.store.get(member).is_some_and(|stored| stored.size <= self.limits.document as u64);
        let head = self.store.head(member);
        let begins = head.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| matches!(byte, b'{' | b'['));
        let whole = || self.store.read(member, self.limits.document).ok().flatten();
        let is_json = bounded && begins && whole().is_some_and(|bytes| Json::parse(&bytes).is_ok());
        if is_json { RootKind::Document } else { RootKind::File }
    }

    /// Whether nothing came of reading that many indexes: no image, no artifact, and no fault that would explain it.
    pub(crate) fn names_nothing(&self, indexes: usize) -> bool {
        indexes > 0 && self.images.is_empty() && self.gaps.is_empty() && self.roots.len() <= indexes
    }

    /// Whether there is anything besides what was named and the marks of a layout.
    pub(crate) fn has_more(&self) -> bool {
        let mark = |name: &[u8]| matches!(name, b"oci-layout" | b"version");
        let mut members = self.store.members.iter().enumerate();
        members.any(|(at, stored)| stored.size > 0 && !mark(&stored.name) && !self.by_member.contains_key(&at))
    }

    /// Every member that nothing named, so that none is skipped in silence.
    pub(crate) fn unreferenced(&mut self) {
        let mut left: Vec<_> = (0..self.store.members.len()).filter(|member| !self.by_member.contains_key(member)).collect();
        let store = self.store;
        left.sort_by_key(|member| store.get(*member).map(|stored| stored.name.as_slice()));
        for member in left {
            let Some(stored) = store.get(member).filter(|stored| stored.size > 0) else { continue };
            // Without a manifest to name it, a tar among the blobs of an image is most likely a layer.
            let layer = self.images.is_empty() && !store.on_disk && super::archive::is_tar(&store.head(member));
            let kind = if layer { RootKind::Layer } else { self.looks(member) };
            self.root(member, kind, &String::from_utf8_lossy(&stored.name));
        }
    }

    /// The artifact; an error if a platform was asked for and no image is of it.
    pub(crate) fn finish(mut self, target: &str) -> Result<Artifact, SourceError> {
        if let Some(platform) = self.choice.platform.as_ref().filter(|_| self.images.is_empty()) {
            self.others.sort();
            self.others.dedup();
            let (name, known) = (self.name.to_owned(), std::mem::take(&mut self.others));
            return Err(SourceError::NoSuchPlatform { name, platform: platform.to_string(), known });
        }
        self.gaps.sort();
        self.gaps.dedup();
        Ok(Artifact { name: target.to_owned(), kind: self.kind, images: self.images, roots: self.roots, gaps: self.gaps })
    }
}
