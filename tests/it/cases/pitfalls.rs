//! The table of `testdata/README.md`: each way to fail has cases and tests, and they exist.

use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The names in the table, line by line.
fn table() -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(Path::new(ROOT).join("testdata/README.md")).expect("the document");
    let table = text.split("<!-- pitfalls -->").nth(1).expect("the marks around the table");
    let rows =
        table.lines().filter(|line| line.starts_with('|') && !line.contains("cases and tests") && !line.starts_with("|---"));
    rows.map(|row| {
        let (_, names) = row.trim_matches('|').rsplit_once('|').expect("two columns");
        names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    })
    .collect()
}

/// Whether there is a case, a folder of cases or a test of that name.
fn exists(name: &str) -> bool {
    let root = Path::new(ROOT);
    match name.split_once("::") {
        Some((file, test)) => std::fs::read_to_string(root.join(format!("tests/it/{file}.rs")))
            .is_ok_and(|text| text.contains(&format!("#[test]\nfn {test}()"))),
        None => {
            let cases = root.join("testdata/cases");
            cases.join(format!("{name}.toml")).is_file() || cases.join(name).is_dir()
        }
    }
}

#[test]
fn every_way_to_fail_has_cases_that_exist() {
    let rows = table();
    assert!(rows.len() >= 34 && rows.iter().all(|names| !names.is_empty()), "{rows:#?}");
    let names: Vec<_> = rows.concat();
    let missing: Vec<_> = names.iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "no such cases or tests: {missing:?}");
    assert!(!exists("inside/no-such-case") && !exists("cli::no_such_test") && !exists("no_such_file::test"));
}
