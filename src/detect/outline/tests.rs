//! Paths in every language, of values that a made-up rule finds.

use super::super::{Engine, View};
use crate::forge::filler::expand;
use crate::rules::RuleSet;
use std::sync::LazyLock;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let rule = "issuer='X'\n[[rule]]\nid='x'\ntitle='X'\nseverity='high'\nexamples=['a']\nanchors=['tok_']\npattern='tok_[0-9A-Za-z]{16}'";
    Engine::new(&RuleSet::parse(&[("x", rule)]).unwrap()).unwrap()
});

/// Each `@` of the text is a token; what their names are.
#[track_caller]
fn check(path: &str, text: &str, expected: &[&str]) {
    let token = expand("tok_<base62:16>", 3);
    let text = text.replace('@', &token);
    let mut hits = Vec::new();
    ENGINE.detect(&View { bytes: text.as_bytes(), owned: 0..text.len(), whole: true, name: path.as_bytes() }, &mut hits);
    let names: Vec<_> = hits.iter().map(|hit| hit.name.as_deref().unwrap_or("-")).collect();
    assert_eq!(names, expected, "{path}: {text}");
    assert!(names.iter().all(|name| !name.contains(&token)), "{path}: {text}");
}

#[test]
fn yaml() {
    check(
        "a.yaml",
        "a: @\nb:\n  c: @\n  d:\n    - @\n    - e: @\n      f: '@'\ng: @",
        &["a", "b.c", "b.d[0]", "b.d[1].e", "b.d[1].f", "g"],
    );
    check("a.yaml", "a:\n- b\n- @\nc: @", &["a[1]", "c"]);
    check(
        "a.yml",
        "spec:\n  containers:\n  - name: x\n    env:\n    - name: A\n      value: 1\n    - name: B\n      value: \"@\"\n",
        &["spec.containers[0].env.B"],
    );
    check("a.yaml", "a: 1\n---\nb: @\n", &["b"]);
    check("a.yaml", "data:\n  x.conf: |\n    [db]\n    p: @\n\n    q\n  y: @", &["data.x.conf", "data.y"]);
    check("a.yaml", "a: {b: @, c: [1, '@', {d: @}]}\ne: @", &["a.b", "a.c[1]", "a.c[2].d", "e"]);
    check("a.yaml", "a: \"one\n  two: @\"\nb: @ # c\n# d: @\n", &["a", "b", "-"]);
    check("a.yaml", "'a b' : @\n\"c\": !x &y @\nd:e: @", &["a b", "c", "d:e"]);
    check("a.yaml", "- - @\n  - @\n- @", &["[0][0]", "[0][1]", "[1]"]);
    check("a.yaml", "a: {{ .x }}\nb: @\nc: \"open\nd: @", &["b", "d"]);
    check("plain", "---\na:\n  b: @\n", &["a.b"]);
    check("plain", "a:\r\n  b: @\r\n", &["a.b"]);
}

#[test]
fn json() {
    check(
        "a.json",
        "{\"a\": \"@\", \"b\": {\"c\": [1, \"@\", {\"d\": \"@\"}]}, \"e\": \"@\"}",
        &["a", "b.c[1]", "b.c[2].d", "e"],
    );
    check("a.yaml", "{\"a\": {\"b\": \"@\"}}", &["a.b"]);
    check("x", "[\n {\"name\": \"A\", \"value\": \"@\"}, {\"value\": \"@\"}]", &["A", "[1].value"]);
    check("a.json", "// c\n{a: '@', /* \" */ \"b\\\"\": \"\\\"@\"}", &["a", "b\\\""]);
    check("a.jsonl", "{\"a\": \"@\"}\n{\"b\": \"@\"}\n", &["a", "b"]);
    check("a.json", "{\"@\": \"@\", \"@x\": 1}", &["-", "********"]);
    check("a.json", "{\"a\": \"@", &["a"]);
    check("a.json", "]}{\"a\": \"@\"}", &["-"]);
    let deep = format!("{}\"@\"", "[".repeat(100));
    check("a.json", &format!("{{\"a\": {deep}"), &[&format!("a{}", "[0]".repeat(47))]);
    check("a.md", "{\"a\": \"@\"}", &["-"]);
}

#[test]
fn lines() {
    check("a.ini", "[db]\nhost=x\np = @\n; q=@\n[web \"b\"]\np: @", &["db.p", "-", "web.b.p"]);
    check(
        "a.toml",
        "a = '@'\n[b.c]\nd = { e = \"@\" }\n[[f]]\n[[f]]\ng = '@'\n[f.h]\ni = '@'",
        &["a", "b.c.d", "f[1].g", "f[1].h.i"],
    );
    check("a.toml", "a = \"\"\"\n[x]\ny = @\n\"\"\"\nb = '@'", &["a", "b"]);
    check("x.service", "[Service]\nEnvironment=\"A=1\" \"B=@\"", &["Service.Environment"]);
    check(".env", "export A=x@", &[]);
    check(".env", "export A=@\nB='@'", &["A", "B"]);
    check(".npmrc", "//r.internal/:_x=@", &["//r.internal/:_x"]);
    check("plain", "[a]\nb=@", &["a.b"]);
}

#[test]
fn hcl() {
    check(
        "a.tf",
        "resource \"t\" \"n\" {\n  a = \"@\"\n  b {\n c = \"@\" }\n d = { e = \"@\", \"f\" : \"@\" }\n}\ng = [\"x\", \"@\"]\n",
        &["resource.t.n.a", "resource.t.n.b.c", "resource.t.n.d.e", "resource.t.n.d.f", "g[1]"],
    );
    check("x.tfvars", "# c\na = \"@\" // d\nb = <<EOT\n}}\n@\nEOT\nc = \"@\"", &["a", "b", "c"]);
}

#[test]
fn xml() {
    check("a.xml", "<?xml version='1.0'?>\n<a>\n<!-- <x> --><b><c>@</c></b><d e=\"@\"/><f>@</f></a>", &["a.b.c", "a.d", "a.f"]);
    check(
        "web.config",
        "<configuration><connectionStrings><add name=\"Main\" connectionString=\"x=1;y=@\"/></connectionStrings></configuration>",
        &["configuration.connectionStrings.add[@name=Main]"],
    );
    check("a.xml", "<a><b key='k'><![CDATA[@]]></b><c>@</a>", &["a.b[@key=k]", "a.c"]);
    check("a.html", "<html><body>@</body></html>", &["-"]);
    check("a.xml", "<a name='@'>@</a>", &["a[@name=********]", "a[@name=********]"]);
}

#[test]
fn any_bytes_end_in_time() {
    for unit in [
        "{",
        "[",
        "a: \"",
        "- ",
        "<a ",
        "<",
        "a: |\n",
        "'",
        "[[x]]\n",
        "a = \"\"\"\n",
        "{a: [",
        "x {\n",
        "\"\\",
        "<!--",
        "<a b='",
        ": ",
        "a = <<E\n",
    ] {
        let text = format!("{}{}", unit.repeat(40_000), "@");
        for path in ["a.json", "a.yaml", "a.tf", "a.xml", "a.ini", "a.toml", "a"] {
            let token = expand("tok_<base62:16>", 3);
            let text = text.replace('@', &format!("\n{token}"));
            let mut hits = Vec::new();
            ENGINE.detect(&View { bytes: text.as_bytes(), owned: 0..text.len(), whole: true, name: path.as_bytes() }, &mut hits);
            assert_eq!(hits.len(), 1, "{path}: {unit}");
        }
    }
}
