//! A system on which rpm installed packages, as rpm itself records it.

use super::programs::run;
use crate::hostile::scanned;
use std::collections::BTreeMap;
use watertight::forge::filler::expand;
use watertight::limits::Limits;

const SPEC: &str = "Name: NAME
Version: 1
Release: 2
Summary: a
License: MIT
Vendor: VENDOR
BuildArch: noarch
%description
a
%install
mkdir -p %{buildroot}
cp -r TREE/NAME/* %{buildroot}/
%files
/etc/NAME
";

const BUILD: &str = "set -e
for name in a b; do
    rpmbuild --quiet -bb --define \"_topdir $PWD/build\" $name.spec 2> log
done
mkdir -p system/var/lib/rpm
rpm --dbpath $PWD/system/var/lib/rpm --initdb 2> log
rpm --dbpath $PWD/system/var/lib/rpm -i --justdb --nodeps --nosignature build/RPMS/noarch/*.rpm 2> log
cp -r tree/a/* tree/b/* system/
echo '# changed' >> system/etc/a/changed.conf
";

#[test]
fn files_are_told_by_the_package_that_rpm_recorded() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tree = folder.path().join("tree");
    for (number, (name, vendor)) in [("a", "Fedora Project"), ("b", "Example")].into_iter().enumerate() {
        let etc = tree.join(format!("{name}/etc/{name}"));
        std::fs::create_dir_all(&etc).expect("a new folder");
        for (file, seed) in [("same.conf", 1), ("changed.conf", 2)] {
            let text = expand("[db]\npassword = <base62:20>\n", (seed * 10 + number) as u64);
            std::fs::write(etc.join(file), text).expect("a new file");
        }
        let spec = SPEC.replace("NAME", name).replace("VENDOR", vendor).replace("TREE", &tree.display().to_string());
        std::fs::write(folder.path().join(format!("{name}.spec")), spec).expect("a new file");
    }
    run("sh", folder.path(), &["-c", BUILD]);
    let answer = scanned(&folder.path().join("system"), &Limits::default()).expect("a folder");
    let said = |incident: &watertight::audit::Incident| {
        let finding = &incident.occurrences[0].finding;
        let package = finding.package.as_ref().map(|package| format!("{package} {:?}", package.unchanged)).unwrap_or_default();
        (finding.place.path().unwrap_or_default(), format!("{} {package}", incident.disposition.as_str()))
    };
    let found: BTreeMap<_, _> = answer.audit.incidents.iter().map(said).collect();
    let expected = [
        ("etc/a/changed.conf", "actionable the RPM package a 1-2 Some(false)"),
        ("etc/a/same.conf", "example the RPM package a 1-2 Some(true)"),
        ("etc/b/changed.conf", "example the RPM package b 1-2 Some(true)"),
        ("etc/b/same.conf", "example the RPM package b 1-2 Some(true)"),
    ];
    assert_eq!(found, expected.into_iter().map(|(path, said)| (path.to_owned(), said.to_owned())).collect());
}
