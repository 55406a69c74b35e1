//! Programs that real compilers make of C and Rust: values at their borders, with the names of their variables.

use crate::hostile::scanned;
use std::path::Path;
use std::process::Command;
use watertight::forge::filler::expand;
use watertight::limits::Limits;

/// What a program holds: the name of a variable, its value, whether only the name tells.
fn planted(seed: u64) -> Vec<(&'static str, String, bool)> {
    let fill = |template: &str, more: u64| expand(template, seed * 10 + more);
    vec![
        ("github_token", fill("ghp_<base62:30><crc32>", 1), false),
        ("db_password", fill("<base62:7>!<base62:8>", 2), true),
        ("api_key", fill("<base62:32>", 3), true),
    ]
}

fn built(folder: &Path, compiler: &str, (source, text): (&str, &str), args: &[&str]) {
    let source = folder.join(source);
    std::fs::write(&source, text).expect("a file");
    let mut command = Command::new(compiler);
    let output = command.args(args).arg(&source).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{compiler}: {error}; this test needs build-essential and Rust"));
    assert!(output.status.success(), "{compiler}: {}", String::from_utf8_lossy(&output.stderr));
    std::fs::remove_file(source).expect("the file just written");
}

/// Scans the folder; each value must be found once, with its name where `named`.
#[track_caller]
fn check(folder: &Path, values: &[(&str, String, bool)], named: bool) {
    let answer = scanned(folder, &Limits::default()).expect("a folder");
    assert!(answer.audit.gaps.is_empty(), "{:#?}", answer.audit.gaps);
    for (name, value, needs_name) in values {
        let incident = answer.audit.incidents.iter().find(|incident| incident.secret.expose() == value.as_bytes());
        let Some(incident) = incident else {
            assert!(!named && *needs_name, "{name} was not found");
            continue;
        };
        let names: Vec<_> = incident.occurrences.iter().map(|occurrence| occurrence.finding.name.clone()).collect();
        let shown: Vec<_> = names.iter().flatten().map(|name| name.to_lowercase()).collect();
        assert_eq!(names.len(), 1, "{name} is told {} times: {shown:?}", names.len());
        assert!(!named || shown == [*name], "{name} is called {shown:?}");
    }
    assert!(answer.audit.incidents.len() <= values.len(), "more is found than was planted");
}

#[test]
fn variables_of_c_have_their_names() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let values = planted(1);
    let variables: String = values.iter().map(|(name, value, _)| format!("const char *{name} = \"{value}\";\n")).collect();
    let uses: String = values.iter().map(|(name, _, _)| format!("puts({name});")).collect();
    let program = format!("#include <stdio.h>\n{variables}int main(void) {{ {uses} return 0; }}\n");
    built(folder.path(), "cc", ("a.c", &program), &["-o", "program"]);
    check(folder.path(), &values, true);
}

#[test]
fn rows_of_a_table_of_c_have_their_names_without_symbols() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let values = planted(2);
    let rows: String = values.iter().map(|(name, value, _)| format!("{{\"{name}\", \"{value}\"}},")).collect();
    let program = format!(
        "#include <stdio.h>\nstatic const struct {{ const char *name, *value; }} rows[] = {{ {rows} }};\n\
         int main(int count, char **all) {{ (void)all; return puts(rows[count].value); }}\n"
    );
    built(folder.path(), "cc", ("a.c", &program), &["-s", "-o", "program"]);
    check(folder.path(), &values, true);
}

#[test]
fn texts_of_rust_are_cut_at_their_borders() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let values = planted(3);
    let calls: String = values.iter().map(|(name, value, _)| format!("say(\"{name}\", \"{value}\");")).collect();
    let program = format!("#[inline(never)] fn say(a: &str, b: &str) {{ println!(\"{{a}} {{b}}\") }}\nfn main() {{ {calls} }}\n");
    built(folder.path(), "rustc", ("a.rs", &program), &["-O", "-C", "strip=symbols", "-o", "program"]);
    check(folder.path(), &values, false);
}

#[test]
fn rows_of_a_table_of_rust_have_their_names() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let values = planted(4);
    let rows: String = values.iter().map(|(name, value, _)| format!("(\"{name}\", \"{value}\"),")).collect();
    let program = format!(
        "static ROWS: &[(&str, &str)] = &[{rows}];\nfn main() {{ for (a, b) in ROWS {{ println!(\"{{a}} {{b}}\") }} }}\n"
    );
    built(folder.path(), "rustc", ("a.rs", &program), &["-O", "-C", "strip=symbols", "-o", "program"]);
    check(folder.path(), &values, true);
}
