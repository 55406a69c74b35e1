//! Forges an OCI archive layer by layer, for the demonstration and for tests.

use super::filler::expand;
use crate::blob::Digest;
use flate2::Compression;
use flate2::write::GzEncoder;
use oci_spec::image::{
    ConfigBuilder, Descriptor, History, HistoryBuilder, ImageConfigurationBuilder, ImageIndexBuilder, ImageManifestBuilder,
    MediaType, OciLayoutBuilder, RootFsBuilder,
};
use std::io::Write;
use std::str::FromStr;

/// An image in the making.
#[derive(Debug, Default)]
pub struct Forge {
    env: Vec<String>,
    labels: Vec<(String, String)>,
    history: Vec<(String, bool)>,
    /// Each with its diff id.
    layers: Vec<(Vec<u8>, String)>,
}

impl Forge {
    /// Sets a variable of the environment, `NAME=value`.
    #[must_use]
    pub fn env(mut self, pair: &str) -> Self {
        self.env.push(pair.into());
        self.history.push((format!("ENV {pair}"), true));
        self
    }

    /// Sets a label.
    #[must_use]
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.labels.push((name.into(), value.into()));
        self.history.push((format!("LABEL {name}={value}"), true));
        self
    }

    /// An instruction that makes no layer.
    #[must_use]
    pub fn instruction(mut self, created_by: &str) -> Self {
        self.history.push((created_by.into(), true));
        self
    }

    /// Adds a layer of files, made by an instruction. A name that starts with `.wh.` deletes.
    #[must_use]
    pub fn layer(mut self, created_by: &str, files: &[(&str, &[u8])]) -> Self {
        let tar = tar_of(files);
        self.layers.push((gzip(&tar), Digest::sha256(&tar).to_string()));
        self.history.push((created_by.into(), false));
        self
    }

    /// The image as an OCI archive with the tag `name`.
    ///
    /// # Panics
    /// Never on documents this type builds; the builders fail on missing fields only.
    pub fn archive(&self, name: &str) -> Vec<u8> {
        self.try_archive(name).expect("all required fields are set")
    }

    fn try_archive(&self, name: &str) -> oci_spec::Result<Vec<u8>> {
        let mut files: Vec<(String, Vec<u8>)> = vec![("oci-layout".into(), layout()?)];
        let mut blob = |media_type: MediaType, bytes: Vec<u8>| -> oci_spec::Result<Descriptor> {
            let digest = Digest::sha256(&bytes);
            let descriptor = Descriptor::new(media_type, bytes.len() as u64, oci_spec::image::Digest::from_str(digest.as_str())?);
            files.push((format!("blobs/sha256/{}", digest.hex()), bytes));
            Ok(descriptor)
        };
        let layers = self
            .layers
            .iter()
            .map(|(bytes, _)| blob(MediaType::ImageLayerGzip, bytes.clone()))
            .collect::<oci_spec::Result<Vec<_>>>()?;
        let config = blob(MediaType::ImageConfig, self.config()?.into_bytes())?;
        let manifest = ImageManifestBuilder::default()
            .schema_version(2u32)
            .media_type(MediaType::ImageManifest)
            .config(config)
            .layers(layers)
            .build()?
            .to_string()?;
        let mut manifest = blob(MediaType::ImageManifest, manifest.into_bytes())?;
        manifest.set_annotations(Some([("org.opencontainers.image.ref.name".to_string(), name.to_string())].into()));
        let index = ImageIndexBuilder::default().schema_version(2u32).manifests(vec![manifest]).build()?.to_string()?;
        files.push(("index.json".into(), index.into_bytes()));
        let borrowed: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        Ok(tar_of(&borrowed))
    }

    fn config(&self) -> oci_spec::Result<String> {
        let history = |(created_by, empty): &(String, bool)| -> oci_spec::Result<History> {
            HistoryBuilder::default().created_by(created_by.clone()).comment("buildkit.dockerfile.v0").empty_layer(*empty).build()
        };
        let config = ConfigBuilder::default()
            .env(self.env.clone())
            .labels(self.labels.iter().cloned().collect::<std::collections::HashMap<_, _>>())
            .cmd(vec!["/app/serve".to_string()])
            .build()?;
        let diff_ids: Vec<_> = self.layers.iter().map(|(_, diff_id)| diff_id.clone()).collect();
        ImageConfigurationBuilder::default()
            .architecture("amd64")
            .os("linux")
            .config(config)
            .rootfs(RootFsBuilder::default().typ("layers").diff_ids(diff_ids).build()?)
            .history(self.history.iter().map(history).collect::<oci_spec::Result<Vec<_>>>()?)
            .build()?
            .to_string()
    }
}

fn layout() -> oci_spec::Result<Vec<u8>> {
    Ok(OciLayoutBuilder::default().image_layout_version("1.0.0").build()?.to_string()?.into_bytes())
}

/// A tar of regular files, with fixed owner and time so that equal files give equal bytes.
pub fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Writing to memory cannot fail; a name too long for a header gets a GNU extension.
        let _ = tar.append_data(&mut header, name, *bytes);
    }
    tar.into_inner().unwrap_or_default()
}

/// One gzip member.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// A small image that leaks in every way the report tells apart: live, deleted, overwritten, in an
/// archive, in `ENV`, in `ARG`. Its values come from `seed` and are of no use.
pub fn leaky(seed: u64) -> Vec<u8> {
    let made = |template: &str| expand(template, seed);
    let npm = made("npm_<base62:30><crc32>");
    let first_env = made("DATABASE_URL=postgres://app:<word:18>@db.internal:5432/app\n");
    let then_env = expand("DATABASE_URL=postgres://app:<word:18>@db.internal:5432/app\n", seed.wrapping_add(1));
    let backup = tar_of(&[(
        "home/deploy/.aws/credentials",
        made("[default]\naws_access_key_id = AKIA<aws-id>\naws_secret_access_key = <base64:40>\n").as_bytes(),
    )]);
    Forge::default()
        .layer("COPY rootfs / # buildkit", &[("etc/os-release", b"ID=demo\n"), ("app/serve", b"#!/bin/sh\nexec sleep 1d\n")])
        .layer("COPY . /app # buildkit", &[("app/.env", first_env.as_bytes()), ("app/backup.tar.gz", &gzip(&backup))])
        .instruction("ARG NPM_TOKEN")
        .layer(
            &format!(
                "RUN |1 NPM_TOKEN={npm} /bin/sh -c npm config set //registry.example/:_authToken=$NPM_TOKEN && npm ci # buildkit"
            ),
            &[("root/.npmrc", format!("//registry.example/:_authToken={npm}\n").as_bytes())],
        )
        .layer(&format!("RUN |1 NPM_TOKEN={npm} /bin/sh -c rm /root/.npmrc # buildkit"), &[("root/.wh..npmrc", b"")])
        .layer("COPY production.env /app/.env # buildkit", &[("app/.env", then_env.as_bytes())])
        .env(&made("GITHUB_TOKEN=ghp_<base62:30><crc32>"))
        .archive("demo:leaky")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_image() {
        assert_eq!(leaky(1), leaky(1));
        assert_ne!(leaky(1), leaky(2));
    }
}
