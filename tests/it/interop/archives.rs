//! Archives and file systems made by the programs that people use, each with one token in it.

use super::programs::run;
use crate::hostile::{samples::token, scanned};
use std::collections::BTreeSet;
use std::path::Path;
use watertight::limits::Limits;

/// A folder with a file that holds a token, and others around it.
fn tree() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let etc = folder.path().join("tree/etc");
    std::fs::create_dir_all(&etc).expect("a new folder");
    let filling: String = (0..9000).map(|n| format!("line {n} of a file that is longer than a block\n")).collect();
    std::fs::write(etc.join("long.txt"), filling).expect("a new file");
    std::fs::write(etc.join("secret-with-a-name-longer-than-sixteen.conf"), token(5)).expect("a new file");
    std::fs::write(etc.join("empty"), "").expect("a new file");
    std::os::unix::fs::symlink("long.txt", etc.join("link")).expect("a new link");
    folder
}

/// Runs a command line in the folder, and expects the token in what it makes, once, at this member; and no gap.
#[track_caller]
fn check(folder: &Path, program: &str, line: &str, made: &str, member: Option<&str>) {
    run(program, folder, &["-c", line]);
    let answer = scanned(&folder.join(made), &Limits::default()).expect("a target");
    assert!(answer.audit.gaps.is_empty(), "{line}: {:#?}", answer.audit.gaps);
    let found = answer.audit.incidents.iter().flat_map(|incident| &incident.occurrences);
    let places: BTreeSet<_> = found.map(|found| found.finding.place.member_path()).collect();
    assert_eq!(places, BTreeSet::from([member.map(str::to_owned)]), "{line}");
}

const FILE: &str = "etc/secret-with-a-name-longer-than-sixteen.conf";

#[test]
fn compressed_streams() {
    let folder = tree();
    let source = format!("tree/{FILE}");
    for (made, line) in [
        ("a.xz", "xz -9e -c SOURCE > a.xz; xz -c --check=sha256 tree/etc/long.txt >> a.xz"),
        ("a86.xz", "xz -c --x86 --delta=dist=4 --lzma2 SOURCE > a86.xz"),
        ("a.lzma", "xz -c --format=lzma SOURCE > a.lzma"),
        ("a.bz2", "bzip2 -c tree/etc/long.txt > a.bz2; bzip2 -c SOURCE >> a.bz2"),
        ("a.lz4", "cat tree/etc/long.txt SOURCE | lz4 -9 -BD -c > a.lz4; lz4 -B4 --no-frame-crc -c tree/etc/long.txt >> a.lz4"),
        ("a.lzo", "lzop -9 -c tree/etc/long.txt > a.lzo; lzop --crc32 -c SOURCE >> a.lzo"),
        ("a.br", "cat tree/etc/long.txt SOURCE | brotli -5 -c > a.br"),
        ("b.br", "brotli -w 24 -c SOURCE > b.br"),
        ("al.lz4", "cat tree/etc/long.txt SOURCE | lz4 -l -c > al.lz4"),
    ] {
        check(folder.path(), "sh", &line.replace("SOURCE", &source), made, None);
    }
}

#[test]
fn archives() {
    let folder = tree();
    let name = FILE.strip_prefix("etc/").expect("it is in etc");
    for (made, line) in [
        ("a.a", "cd tree/etc; ar rc ../../a.a *.txt *.conf".to_owned()),
        ("newc.cpio", "cd tree/etc; ls | cpio --quiet -o -H newc > ../../newc.cpio".into()),
        ("crc.cpio", "cd tree/etc; ls | cpio --quiet -o -H crc > ../../crc.cpio".into()),
        ("odc.cpio", "cd tree/etc; ls | cpio --quiet -o -H odc > ../../odc.cpio".into()),
        ("bin.cpio", "cd tree/etc; ls | cpio --quiet -o -H bin > ../../bin.cpio".into()),
        (
            "initrd",
            "cd tree/etc; echo long.txt | cpio --quiet -o -H newc > ../../initrd; ls | cpio --quiet -o -H newc >> ../../initrd"
                .into(),
        ),
        ("a.7z", "cd tree/etc; 7z a -bd ../../a.7z . > ../../log".into()),
        ("b.7z", "cd tree/etc; 7z a -bd -m0=bzip2 -ms=off ../../b.7z . > ../../log".into()),
        ("c.7z", "cd tree/etc; 7z a -bd -m0=deflate -mhc=off ../../c.7z . > ../../log".into()),
        ("e.7z", "cd tree/etc; 7z a -bd -m0=ppmd ../../e.7z . > ../../log".into()),
        ("f.7z", "cd tree/etc; 7z a -bd -m0=deflate64 ../../f.7z . > ../../log".into()),
        ("g.7z", "cd tree/etc; 7z a -bd -m0=bcj2 -m1=lzma:d20 -m2=lzma:d20 -m3=lzma:d20 -mb0:1 -mb0s1:2 -mb0s2:3 ../../g.7z . > ../../log".into()),
        ("a.zip", "cd tree/etc; 7z a -bd -tzip -mm=ppmd ../../a.zip . > ../../log".into()),
        ("b.zip", "cd tree/etc; 7z a -bd -tzip -mm=deflate64 ../../b.zip . > ../../log".into()),
        ("d.7z", "cd tree/etc; 7z a -bd -m0=lzma -mf=bcj ../../d.7z . > ../../log".into()),
    ] {
        check(folder.path(), "sh", &line, made, Some(name));
    }
    // Behind the first archive, compressed.
    let line =
        "cd tree/etc; echo long.txt | cpio --quiet -o -H newc > ../../packed; ls | cpio --quiet -o -H newc | xz >> ../../packed";
    check(folder.path(), "sh", line, "packed", Some(&format!("behind TRAILER!!!!{name}")));
}

#[test]
fn file_systems() {
    let folder = tree();
    for compression in ["gzip", "xz", "lzo", "lz4", "zstd", "lzma"] {
        let made = format!("{compression}.sqsh");
        let line = format!("mksquashfs tree {made} -comp {compression} -quiet -no-progress > log");
        check(folder.path(), "sh", &line, &made, Some(FILE));
    }
    for kind in ["ext2", "ext3", "ext4", "ext4 -b 1024 -O ^metadata_csum,^64bit"] {
        let line = format!("rm -f a.img; mkfs.{kind} -q -d tree a.img 8M 2> log");
        check(folder.path(), "sh", &line.replace("mkfs.ext", "/usr/sbin/mke2fs -t ext"), "a.img", Some(FILE));
    }
    for (made, options) in [("rock.iso", "-R"), ("joliet.iso", "-J -joliet-long")] {
        let line = format!("xorriso -as mkisofs {options} -quiet -o {made} tree 2> log");
        check(folder.path(), "sh", &line, made, Some(FILE));
    }
}

#[test]
fn packages() {
    let folder = tree();
    let deb = "mkdir -p deb/DEBIAN; cp -r tree/etc deb/; printf 'Package: a\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@b.example>\\nDescription: a\\n' > deb/DEBIAN/control; dpkg-deb --root-owner-group -b deb a.deb > log";
    check(folder.path(), "sh", deb, "a.deb", Some(&format!("data.tar.xz!./{FILE}")));
    let spec = "Name: a\nVersion: 1\nRelease: 1\nSummary: a\nLicense: MIT\nBuildArch: noarch\n%description\na\n%install\nmkdir -p %{buildroot}\ncp -r TREE/etc %{buildroot}/\n%post\necho installed\n%files\n/etc/*\n";
    let spec = spec.replace("TREE", &folder.path().join("tree").display().to_string());
    std::fs::write(folder.path().join("a.spec"), spec).expect("a new file");
    let rpm = "rpmbuild --quiet -bb --define \"_topdir $PWD/build\" a.spec 2> log; cp build/RPMS/noarch/a-1-1.noarch.rpm a.rpm";
    check(folder.path(), "sh", rpm, "a.rpm", Some(&format!("payload!./{FILE}")));
}

#[test]
fn what_is_encrypted_is_a_gap() {
    let folder = tree();
    for (made, line) in [("a.7z", "7z a -bd -ppassword a.7z tree > log"), ("b.7z", "7z a -bd -ppassword -mhe=on b.7z tree > log")]
    {
        run("sh", folder.path(), &["-c", line]);
        let answer = scanned(&folder.path().join(made), &Limits::default()).expect("a target");
        assert!(answer.audit.incidents.is_empty());
        let reasons: BTreeSet<_> = answer.audit.gaps.iter().map(|gap| gap.reason.as_str()).collect();
        assert_eq!(reasons, BTreeSet::from(["encrypted"]), "{line}");
    }
}
