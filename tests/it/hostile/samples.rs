//! A small sample of each format, with a token in it, and images to put layers into.

use super::built::{
    asar, brotli_as_it_is, bson, bson_archive, cabinet, class, compound, copy_rows, dotnet_bundle, elf, erofs, fat, mach_o,
    office, pdf, pdf_as_it_is, pe, png, postgres, presentation, pyc, pyinstaller, rar, rar_packed, sqlite, sqlite_log, vim_swap,
    vim_swap_big, wasm, word, workbook,
};
use super::keyed::{avro, lmdb, orc, sorted_log, sorted_table};
use serde_json::json;
use std::io::{Cursor, Write};
use watertight::blob::Digest;
use watertight::forge::filler::expand;
use watertight::forge::image::{gzip, tar_of};

/// The rule that finds what the samples hold.
pub(super) const RULE: &str = "github-personal-access-token";

/// A line with a token in it.
pub(crate) fn token(seed: u64) -> String {
    expand("token = ghp_<base62:30><crc32>\n", seed)
}

/// For each extractor, by name, bytes that it opens, with a token in them.
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    samples_of(&token(1))
}

/// For each extractor, by name, bytes that it opens, with this text in them. Where keys lead to texts it has the key
/// `note`, where names do it is called `a.txt` or as like that as the format has it.
pub(crate) fn samples_of(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let text = text.to_owned();
    let tar = tar_of(&[("dir/a.txt", text.as_bytes()), ("b", b"nothing")]);
    let mut samples = super::archives::samples(&text);
    samples.extend(super::images::samples(&text));
    samples.extend(super::git::samples(&text));
    samples.extend(documents(&text));
    samples.extend(containers(&text));
    samples.extend([
        ("gzip", [gzip(b"first member\n"), gzip(text.as_bytes())].concat()),
        ("zstd", [zstd(b"first frame\n"), zstd(text.as_bytes())].concat()),
        ("tar", tar),
        ("zlib", zlib(text.as_bytes())),
        ("npy", npy("|S60", text.as_bytes())),
        ("pickle", pickle(&[("layers", "two"), ("note", &text)])),
        ("joblib", [format!("ZF{:<19}", "0x34").as_bytes(), &zlib(&pickle(&[("note", &text)]))].concat()),
        ("GGUF", gguf(&text)),
        ("safetensors", safetensors(&text)),
        ("protobuf", protobuf(&text)),
        ("HDF5", patched(include_bytes!("../../../testdata/tables/sample.h5"), &text)),
        ("CatBoost", catboost(&text)),
        ("TFLite", tflite(&text)),
        ("UBJSON", ubjson(&text)),
        ("skops", skops(&text)),
        ("parquet", patched(include_bytes!("../../../testdata/tables/sample.parquet"), &text)),
        ("arrow", patched(include_bytes!("../../../testdata/tables/sample.arrow"), &text)),
        ("feather", patched(include_bytes!("../../../testdata/tables/sample.feather"), &text)),
        ("pyc", pyc(&text)),
        ("class", class(&text)),
        ("ELF", elf(&text)),
        ("ELF", pyinstaller(&text)),
        ("ELF", dotnet_bundle(&text)),
        ("PE", pe(&text)),
        ("Mach-O", mach_o(&text)),
        ("fat Mach-O", fat(&mach_o(&text))),
        ("wasm", wasm(&text)),
        ("PNG", png(&text)),
        ("PDF", pdf(&text)),
        ("PDF", pdf_as_it_is(&text)),
        ("SQLite", sqlite(&text)),
        ("SQLite log", sqlite_log(&text)),
        ("vim swap", vim_swap(&text)),
        ("BSON", bson(&text)),
        ("mongodump archive", bson_archive(&text)),
        ("sorted table", sorted_table(&text)),
        ("sorted log", sorted_log(&text)),
        ("LMDB", lmdb(&text)),
        ("ORC", orc(&text)),
        ("Avro", avro(&text, "null", <[u8]>::to_vec)),
        ("Avro", avro(&text, "zstandard", zstd)),
        ("packed streams", [b"#!/bin/sh\nexit 0\n".as_slice(), &gzip(text.as_bytes())].concat()),
        ("vim swap", vim_swap_big(&text)),
        ("notebook", notebook(&text)),
        ("source map", json!({"version": 3, "sources": ["a.js"], "sourcesContent": [text]}).to_string().into_bytes()),
        ("zip", zip_of(&[("dir/a.txt", text.as_bytes()), ("b", b"nothing")])),
    ]);
    samples
}

/// Archives, and a stream, that are built byte by byte.
fn containers(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("asar", asar(text)),
        ("cabinet", cabinet(text)),
        ("rar", rar(text)),
        ("rar", rar_packed(text)),
        ("erofs", erofs(text)),
        ("brotli", brotli_as_it_is(text)),
    ]
}

/// Old documents, and what databases write.
fn documents(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("office", office(text)),
        ("compound file", compound(text)),
        ("compound file", word(text)),
        ("workbook", workbook(text)),
        ("presentation", presentation(text)),
        ("PostgreSQL archive", postgres(text, false)),
        ("PostgreSQL archive", postgres(text, true)),
        ("rows of COPY", copy_rows(text)),
    ]
}

/// A core whose one setting is `text`: tables, their vtables before them.
fn catboost(text: &str) -> Vec<u8> {
    let long = |n: usize| (n as u32).to_le_bytes();
    let core = [
        &long(16)[..],
        &[10, 0, 8, 0, 0, 0, 0, 0, 4, 0, 0, 0],
        &long(12),
        &long(4),
        &long(1),
        &long(12),
        &[8, 0, 12, 0, 4, 0, 8, 0],
        &long(8),
        &long(8),
        &long(16),
        &long(4),
        b"note\0\0\0\0",
        &long(text.len()),
        text.as_bytes(),
        b"\0",
    ]
    .concat();
    [&b"CBM1"[..], &long(core.len()), &core].concat()
}

/// A model with a graph of nothing, described by `text`.
fn tflite(text: &str) -> Vec<u8> {
    let long = |n: usize| (n as u32).to_le_bytes();
    [
        // The root at 24, its vtable at 8: version, none, graphs, description.
        &long(24)[..],
        b"TFL3",
        &[12, 0, 16, 0, 4, 0, 0, 0, 8, 0, 12, 0, 0, 0, 0, 0],
        &long(16),
        &long(3),
        &long(8),
        &long(24),
        // Graphs at 40: one at 52, whose vtable is at 48.
        &long(1),
        &long(8),
        &[4, 0, 4, 0],
        &long(4),
        &long(0),
        &long(text.len()),
        text.as_bytes(),
        b"\0",
    ]
    .concat()
}

/// An object of a text and a list of numbers.
fn ubjson(text: &str) -> Vec<u8> {
    let length = (text.len() as u64).to_be_bytes();
    [&b"{i\x04noteSL"[..], &length, text.as_bytes(), b"i\x01w[$d#i\x0212345678}"].concat()
}

/// A saved dict of one text.
fn skops(text: &str) -> Vec<u8> {
    let quoted = json!(text).to_string();
    let inner =
        json!({"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": quoted, "is_json": true});
    json!({"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode", "content": {"note": inner}})
        .to_string()
        .into_bytes()
}

/// A file of `tools/make_tables.py`, with `text` where it has a text that means nothing.
fn patched(file: &[u8], text: &str) -> Vec<u8> {
    let at = memchr::memmem::find(file, b"PLACEHOLDER").expect("a text to replace");
    let mut bytes = file.to_vec();
    bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
    bytes
}

/// One zlib stream.
pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// A numpy array of two items of the type `code`, of which the second is all zeros.
pub(crate) fn npy(code: &str, item: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{code}', 'fortran_order': False, 'shape': (2,), }}\n");
    let size: usize = code.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().expect("a size");
    let mut out = [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), item].concat();
    out.resize(out.len() - item.len() + 2 * size, 0);
    out
}

/// A dict of texts as protocol 4 writes it.
pub(crate) fn pickle(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut out = b"\x80\x04}\x94(".to_vec();
    for text in pairs.iter().flat_map(|(key, value)| [key, value]) {
        out.push(b'X');
        out.extend((text.len() as u32).to_le_bytes());
        out.extend(text.as_bytes());
        out.push(0x94);
    }
    out.extend(b"u.");
    out
}

/// One key whose value is `text`, and no tensor.
fn gguf(text: &str) -> Vec<u8> {
    let string = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let counts = [0u64.to_le_bytes(), 1u64.to_le_bytes()].concat();
    [&b"GGUF\x03\0\0\0"[..], &counts, &string("general.description"), b"\x08\0\0\0", &string(text)].concat()
}

/// Metadata with `text`, and one tensor.
fn safetensors(text: &str) -> Vec<u8> {
    let header = json!({"__metadata__": {"note": text}, "w": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}).to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), b"\x01\x02\x03\x04"].concat()
}

/// A notebook with `text` in its one cell.
fn notebook(text: &str) -> Vec<u8> {
    json!({"cells": [{"cell_type": "code", "source": [text], "metadata": {}, "outputs": []}], "metadata": {}, "nbformat": 4})
        .to_string()
        .into_bytes()
}

/// A version, and a message with a key and `text`.
fn protobuf(text: &str) -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, bytes.len() as u8][..], bytes].concat();
    [&b"\x08\x01"[..], &field(2, &[field(1, b"note"), field(2, text.as_bytes())].concat())].concat()
}

/// One zstd frame with a checksum.
pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).expect("an encoder");
    encoder.include_checksum(true).expect("a checksum");
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// A zip of deflated entries.
pub(crate) fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in files {
        writer.start_file(*name, options).expect("an entry");
        writer.write_all(bytes).expect("memory takes all");
    }
    writer.finish().expect("memory takes all").into_inner()
}

/// How an image is stored.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// `docker save` of old: no digest says what a layer's stored bytes are.
    Docker,
    Oci,
}

/// An image of one layer in an archive: its bytes as `stored`, which unpack to what `diff_id` says and of
/// which the manifest says that they are `promised`.
pub(super) fn image(form: Form, stored: &[u8], promised: &[u8], diff_id: &Digest) -> Vec<u8> {
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [diff_id.as_str()]},
        "history": [{"created_by": "COPY . /"}],
    })
    .to_string();
    match form {
        Form::Docker => {
            let manifest = json!([{"Config": "config.json", "RepoTags": ["a:b"], "Layers": ["one/layer.tar"]}]).to_string();
            tar_of(&[("one/layer.tar", stored), ("config.json", config.as_bytes()), ("manifest.json", manifest.as_bytes())])
        }
        Form::Oci => {
            let layer = Digest::sha256(promised);
            let of_config = Digest::sha256(config.as_bytes());
            let manifest = json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {
                    "mediaType": "application/vnd.oci.image.config.v1+json",
                    "digest": of_config.as_str(), "size": config.len(),
                },
                "layers": [{
                    "mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "digest": layer.as_str(), "size": promised.len(),
                }],
            })
            .to_string();
            let of_manifest = Digest::sha256(manifest.as_bytes());
            let index = json!({"schemaVersion": 2, "manifests": [{
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": of_manifest.as_str(), "size": manifest.len(),
            }]})
            .to_string();
            let blob = |digest: &Digest| format!("blobs/sha256/{}", digest.hex());
            tar_of(&[
                ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
                ("index.json", index.as_bytes()),
                (&blob(&of_manifest), manifest.as_bytes()),
                (&blob(&of_config), config.as_bytes()),
                (&blob(&layer), stored),
            ])
        }
    }
}

/// An image whose one layer, a plain tar, holds these files.
pub(super) fn image_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let tar = tar_of(files);
    image(Form::Docker, &tar, &tar, &Digest::sha256(&tar))
}

/// As `docker save` writes an image of these layers, plain tars.
pub(crate) fn image_of_layers(layers: &[Vec<u8>]) -> Vec<u8> {
    let diff_ids: Vec<_> = layers.iter().map(|layer| Digest::sha256(layer).to_string()).collect();
    let names: Vec<_> = (0..layers.len()).map(|n| format!("{n}/layer.tar")).collect();
    let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}}).to_string();
    let manifest = json!([{"Config": "config.json", "RepoTags": ["a:b"], "Layers": names}]).to_string();
    let mut files: Vec<(&str, &[u8])> = names.iter().map(String::as_str).zip(layers.iter().map(Vec::as_slice)).collect();
    files.extend([("config.json", config.as_bytes()), ("manifest.json", manifest.as_bytes())]);
    tar_of(&files)
}
