//! Whole targets, forged here and opened as a user would: what an artifact must say of each.

use super::*;
use crate::finding::{GapReason, Scope};
use std::io::Write;

type Members = Vec<(String, Vec<u8>)>;

fn tar(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, body) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(body.len() as u64);
        builder.append_data(&mut header, name, body.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn layer(name: &str) -> Vec<u8> {
    tar(&[(name.to_owned(), b"x".to_vec())])
}

fn config(arch: &str, layers: &[&[u8]]) -> Vec<u8> {
    let ids: Vec<_> = layers.iter().map(|layer| format!("\"{}\"", Digest::sha256(layer))).collect();
    let history: Vec<_> = (0..layers.len()).map(|index| format!(r#"{{"created_by":"COPY {index} /"}}"#)).collect();
    let (ids, history) = (ids.join(","), history.join(","));
    format!(r#"{{"os":"linux","architecture":"{arch}","config":{{"Env":["K=V"]}},"rootfs":{{"type":"layers","diff_ids":[{ids}]}},"history":[{history}]}}"#)
        .into_bytes()
}

/// Adds a blob to an OCI layout; returns its descriptor, with more members put in.
fn blob(members: &mut Members, bytes: &[u8], kind: &str, more: &str) -> String {
    let digest = Digest::sha256(bytes);
    members.push((format!("blobs/sha256/{}", digest.hex()), bytes.to_vec()));
    format!(r#"{{"mediaType":"{kind}","digest":"{digest}","size":{}{more}}}"#, bytes.len())
}

fn image(members: &mut Members, arch: &str, layers: &[&[u8]], more: &str) -> String {
    let config = blob(members, &config(arch, layers), "application/vnd.oci.image.config.v1+json", "");
    let layers: Vec<_> = layers.iter().map(|layer| blob(members, layer, "application/vnd.oci.image.layer.v1.tar", "")).collect();
    let manifest =
        format!(r#"{{"schemaVersion":2,"config":{config},"layers":[{}],"annotations":{{"note":"n"}}}}"#, layers.join(","));
    blob(members, manifest.as_bytes(), "application/vnd.oci.image.manifest.v1+json", more)
}

fn index(descriptors: &[String]) -> Vec<u8> {
    format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, descriptors.join(",")).into_bytes()
}

fn named(name: &str) -> String {
    format!(r#","annotations":{{"org.opencontainers.image.ref.name":"{name}"}}"#)
}

fn saved(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn opened(members: &Members, reference: &str, platform: Option<&str>) -> Result<Artifact, SourceError> {
    let file = saved(&tar(members));
    let choice = Choice { platform: platform.and_then(Platform::parse) };
    open(&format!("{}{reference}", file.path().display()), &choice, &Limits::default())
}

/// The gaps, as reason and scope.
fn gaps(artifact: &Artifact) -> Vec<(GapReason, Scope)> {
    artifact.gaps.iter().map(|gap| (gap.reason, gap.scope)).collect()
}

#[track_caller]
fn check(members: &Members, kind: TargetKind, images: usize, expected: &[(GapReason, Scope)]) -> Artifact {
    let artifact = opened(members, "", None).unwrap();
    assert_eq!((artifact.kind, artifact.images.len()), (kind, images));
    assert_eq!(gaps(&artifact), expected, "{:?}", artifact.gaps);
    for (at, root) in artifact.roots.iter().enumerate() {
        assert_eq!(root.id.0 as usize, at);
        assert!(root.kind == RootKind::Absent || root.open().is_ok(), "{root:?}");
    }
    let everything = artifact.roots.iter().filter(|root| root.kind != RootKind::Absent).filter_map(|root| root.size).sum::<u64>();
    assert_eq!(everything, members.iter().map(|(_, body)| body.len() as u64).sum::<u64>(), "each byte in one root");
    artifact
}

fn kinds(artifact: &Artifact, kind: &RootKind) -> usize {
    artifact.roots.iter().filter(|root| root.kind == *kind).count()
}

#[test]
fn two_platforms_share_a_layer_and_an_attestation_is_read() {
    let (base, top) = (layer("base"), layer("top"));
    let mut members = Members::new();
    let amd = image(&mut members, "amd64", &[&base], "");
    let arm = image(&mut members, "arm64", &[&base, &top], "");
    members.dedup();
    members.retain({
        let mut seen = std::collections::HashSet::new();
        move |(name, _)| seen.insert(name.clone())
    });
    let digest = arm.split("\"digest\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let statement = blob(&mut members, br#"{"predicate":{"build-arg:T":"v"}}"#, "application/vnd.in-toto+json", "");
    let own = blob(&mut members, &config("unknown", &[]), "application/vnd.oci.image.config.v1+json", "");
    let about = format!(
        r#","annotations":{{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"{digest}"}}"#
    );
    let manifest = format!(r#"{{"config":{own},"layers":[{statement}]}}"#);
    let attestation = blob(&mut members, manifest.as_bytes(), "application/vnd.oci.image.manifest.v1+json", &about);
    let inner = blob(&mut members, &index(&[amd, arm, attestation]), "application/vnd.oci.image.index.v1+json", &named("v1"));
    members.push(("index.json".into(), index(&[inner])));
    members.push(("oci-layout".into(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));

    let artifact = check(&members, TargetKind::OciArchive, 2, &[]);
    assert_eq!(kinds(&artifact, &RootKind::Layer), 2);
    let roots: Vec<Vec<_>> = artifact.images.iter().map(|image| image.layers.iter().map(|layer| layer.root).collect()).collect();
    assert_eq!(roots[0][0], roots[1][0]);
    assert_eq!(artifact.images[1].layers[1].created_by.as_deref(), Some("COPY 1 /"));
    assert!(
        artifact.images.iter().all(|image| image.names == ["v1"] && image.settings.iter().any(|s| s.name == "annotations.note"))
    );
    assert!(artifact.roots.iter().any(|root| root.kind == RootKind::Document && root.place.label().starts_with("attestation")));

    let chosen = opened(&members, ":v1", Some("linux/arm64")).unwrap();
    assert_eq!(chosen.images.len(), 1);
    assert!(chosen.roots.iter().any(|root| root.place.label().starts_with("attestation")));
    let chosen = opened(&members, "", Some("linux/amd64")).unwrap();
    assert_eq!((chosen.images.len(), kinds(&chosen, &RootKind::Layer)), (1, 1));
    assert!(!chosen.roots.iter().any(|root| root.place.label().starts_with("attestation")));
    let error = opened(&members, "", Some("linux/s390x")).unwrap_err();
    assert!(error.hint().unwrap().contains("linux/amd64, linux/arm64"), "{error}");
    let error = opened(&members, ":v2", None).unwrap_err();
    assert!(error.to_string().contains("v2") && error.hint().unwrap().contains("v1"), "{error}");
}

#[test]
fn a_docker_archive_of_two_images_and_the_hybrid_of_docker_25() {
    let (base, top) = (layer("base"), layer("top"));
    let (one, two) = (config("amd64", &[&base]), config("amd64", &[&base, &top]));
    let name = |bytes: &[u8]| format!("{}.json", Digest::sha256(bytes).hex());
    let manifest = format!(
        r#"[{{"Config":"{}","RepoTags":["a:1"],"Layers":["b/layer.tar"]}},{{"Config":"{}","RepoTags":["a:2"],"Layers":["b/layer.tar","t/layer.tar"]}}]"#,
        name(&one),
        name(&two)
    );
    let members: Members = vec![
        ("b/layer.tar".into(), base.clone()),
        ("b/json".into(), br#"{"container_config":{"Env":["A=B"]}}"#.to_vec()),
        ("t/layer.tar".into(), top.clone()),
        ("manifest.json".into(), manifest.into_bytes()),
        (name(&one), one.clone()),
        (name(&two), two),
    ];
    let artifact = check(&members, TargetKind::DockerArchive, 2, &[]);
    assert_eq!((kinds(&artifact, &RootKind::Layer), kinds(&artifact, &RootKind::Document)), (2, 2));
    assert_eq!(opened(&members, ":a:2", None).unwrap().images[0].layers.len(), 2);
    assert_eq!(opened(&members, ":@0", None).unwrap().images[0].names, ["a:1"]);

    let mut hybrid = Members::new();
    let descriptor = image(&mut hybrid, "amd64", &[&base], &named("docker.io/library/a:1"));
    let path = |bytes: &[u8]| format!("blobs/sha256/{}", Digest::sha256(bytes).hex());
    let manifest = format!(r#"[{{"Config":"{}","RepoTags":["a:1"],"Layers":["{}"]}}]"#, path(&one), path(&base));
    hybrid.push(("index.json".into(), index(&[descriptor])));
    hybrid.push(("manifest.json".into(), manifest.into_bytes()));
    hybrid.push(("oci-layout".into(), b"{}".to_vec()));
    let artifact = check(&hybrid, TargetKind::DockerArchive, 1, &[]);
    assert_eq!((kinds(&artifact, &RootKind::Layer), artifact.images[0].names.len()), (1, 1));
    assert_eq!(opened(&hybrid, ":a:1", None).unwrap().images.len(), 1);
}

#[test]
fn what_the_manifests_betray_is_a_gap() {
    use GapReason::{BadManifest, DigestMismatch, HistoryMismatch, MissingBlob, SizeMismatch};
    let base = layer("base");
    let forged = |change: &dyn Fn(&mut Members)| {
        let mut members = Members::new();
        let descriptor = image(&mut members, "amd64", &[&base], "");
        members.push(("index.json".into(), index(&[descriptor])));
        change(&mut members);
        members
    };
    let is = |reason| (reason, Scope::Image);
    let kind = TargetKind::OciArchive;
    check(&forged(&|_| {}), kind, 1, &[]);
    check(&forged(&|all| drop(all.remove(1))), kind, 1, &[is(MissingBlob)]);
    check(&forged(&|all| drop(all.remove(0))), kind, 1, &[is(MissingBlob)]);
    check(&forged(&|all| drop(all.remove(2))), kind, 0, &[is(MissingBlob)]);
    check(&forged(&|all| all[1].1.push(0)), kind, 1, &[is(SizeMismatch)]);
    check(&forged(&|all| all[0].1.push(b' ')), kind, 1, &[is(DigestMismatch), is(SizeMismatch)]);
    check(&forged(&|all| all[2].1.truncate(40)), kind, 0, &[is(DigestMismatch), is(SizeMismatch), is(BadManifest)]);
    check(&forged(&|all| all[3].1 = b"{\"manifests\":[{}]}".to_vec()), kind, 0, &[is(MissingBlob)]);
    let two = |all: &mut Members| {
        let config = config("amd64", &[&base, &base]);
        let config = blob(all, &config, "application/vnd.oci.image.config.v1+json", "");
        let layer = blob(&mut Members::new(), &base, "", "");
        let manifest = blob(all, format!(r#"{{"config":{config},"layers":[{layer}]}}"#).as_bytes(), "", "");
        all[3].1 = index(&[manifest]);
    };
    check(&forged(&two), kind, 1, &[is(BadManifest), (HistoryMismatch, Scope::Item)]);
}

#[test]
fn cycles_depth_and_nonsense_end() {
    let mut members = Members::new();
    let mut inner = image(&mut members, "amd64", &[&layer("x")], "");
    for _ in 0..20 {
        inner = blob(&mut members, &index(&[inner.clone(), inner]), "application/vnd.oci.image.index.v1+json", "");
    }
    members.push(("index.json".into(), index(&[inner])));
    check(&members, TargetKind::OciArchive, 0, &[(GapReason::DepthLimit, Scope::Image)]);
    let million = format!("[{}{{\"Config\":\"c\"}}]", "{\"Config\":\"c\"},".repeat(20_000));
    let artifact = opened(&vec![("manifest.json".into(), million.into_bytes())], "", None).unwrap();
    assert!(artifact.images.len() <= 4096 && artifact.gaps.iter().any(|gap| gap.reason == GapReason::SizeLimit));
}

#[test]
fn layouts_on_disk_and_what_is_no_image() {
    let directory = tempfile::tempdir().unwrap();
    let mut members = Members::new();
    let descriptor = image(&mut members, "amd64", &[&layer("x")], &named("v1"));
    members.push(("index.json".into(), index(&[descriptor])));
    std::fs::create_dir_all(directory.path().join("oci/blobs/sha256")).unwrap();
    for (name, body) in &members {
        std::fs::write(directory.path().join("oci").join(name), body).unwrap();
    }
    let path = |name: &str| directory.path().join(name).display().to_string();
    let of = |target: &str| open(target, &Choice::default(), &Limits::default());
    for target in [path("oci"), format!("oci:{}", path("oci")), format!("oci:{}:v1", path("oci"))] {
        let artifact = of(&target).unwrap();
        assert_eq!((artifact.kind, artifact.images.len(), artifact.gaps.len()), (TargetKind::OciLayout, 1, 0), "{target}");
    }
    assert!(matches!(of(&path("")).unwrap().roots[0].kind, RootKind::Tree(_)));
    let cases = [
        (path("nothing"), "no such file"),
        (format!("oci:{}", path("")), "not an OCI layout"),
        (format!("docker-archive:{}", path("oci")), "it is a directory"),
        (format!("docker-archive:{}", path("oci/index.json")), "not a docker archive"),
        (format!("oci:{}", path("oci/index.json")), "it is no directory"),
        ("docker://alpine".to_owned(), "not supported"),
        ("docker-daemon:alpine:3".to_owned(), "not supported"),
        (saved(b"").path().display().to_string(), "no such file"),
    ];
    for (target, expected) in cases {
        let error = of(&target).unwrap_err();
        assert!(error.to_string().contains(expected) && error.hint().is_some(), "{target}: {error}");
    }
    let empty = saved(b"");
    assert!(matches!(of(&empty.path().display().to_string()).unwrap_err(), SourceError::Empty { .. }));
    let file = of(&path("oci/index.json")).unwrap();
    assert_eq!((file.kind, kinds(&file, &RootKind::File)), (TargetKind::File, 1));
}

#[test]
fn no_cut_of_an_archive_is_silent() {
    let base = layer("base");
    let one = config("amd64", &[&base]);
    let name = format!("{}.json", Digest::sha256(&one).hex());
    let manifest = format!(r#"[{{"Config":"{name}","Layers":["{}.tar"]}}]"#, Digest::sha256(&base).hex());
    let members: Members = vec![
        (format!("{}.tar", Digest::sha256(&base).hex()), base),
        (name, one),
        ("manifest.json".into(), manifest.into_bytes()),
    ];
    let whole = tar(&members);
    for end in (1..whole.len() - 1024).step_by(37) {
        let file = saved(&whole[..end]);
        let artifact = open(&file.path().display().to_string(), &Choice::default(), &Limits::default()).unwrap();
        let told = artifact.gaps.iter().any(|gap| gap.scope == Scope::Image);
        assert!(told || artifact.kind == TargetKind::File, "cut at {end}");
    }
}
