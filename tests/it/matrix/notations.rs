//! How a credential of a known issuer is written down: templates over its name and its value.
//!
//! | in a template | becomes |
//! |---|---|
//! | `{v}` | the value |
//! | `{n}` `{N}` `{c}` `{k}` | its name: `acme_api_key`, `ACME_API_KEY`, `acmeApiKey`, `Acme-Api-Key` |
//! | `{i}` `{I}` | the issuer: `acme`, `Acme` |
//! | `{s}` `{S}` `{w}` | what the name says besides: `api_key`, `API_KEY`, `api key` |

/// One way to write a value down.
pub(super) struct Notation {
    /// What the table calls it.
    pub(super) label: &'static str,
    /// The path that it is scanned under.
    pub(super) path: &'static str,
    pub(super) template: &'static str,
}

const fn at(path: &'static str, label: &'static str, template: &'static str) -> Notation {
    Notation { label, path, template }
}

/// The issuer's name is part of the value's own.
pub(super) const NAMED: &[Notation] = &[
    at("a.ini", "ini, quoted", "[main]\n{n} = \"{v}\"\n"),
    at("a.ini", "ini", "[main]\n{c}={v}\n"),
    at("a.properties", "properties", "app.{n}={v}\napp.x=1\n"),
    at("svc.env", "dotenv", "A=1\n{N}={v}\nB=2\n"),
    at("a.sh", "export", "export {N}='{v}'\n"),
    at("a.fish", "fish", "set -gx {N} {v}\n"),
    at("Dockerfile", "ENV", "FROM x\nENV {N} {v}\n"),
    at("Makefile", "make ::=", "{N} ::= {v}\n"),
    at("Makefile", "make ?=", "{N} ?= \"{v}\"\n"),
    at("a.yaml", "yaml", "app:\n  {n}: {v}\n  x: 1\n"),
    at("a.yaml", "yaml, quoted", "{k}: '{v}'\n"),
    at("a.yaml", "yaml, block", "{n}: |\n  {v}\n"),
    at("a.yaml", "yaml, list item", "env:\n- name: {N}\n  value: \"{v}\"\n"),
    at("a.json", "json", "{\n    \"{n}\": \"{v}\"\n}\n"),
    at("a.json", "json, one line", "{\"a\":1,\"{c}\":\"{v}\",\"b\":true}"),
    at("a.json", "json, array", "{\"{n}\": [\"{v}\"]}"),
    at("a.py", "json in a string", "x = \"{\\\"{n}\\\":\\\"{v}\\\"}\"\n"),
    at("a.xml", "xml", "<x><{c}>{v}</{c}></x>\n"),
    at("a.xml", "xml, on lines", "<{c}>\n    {v}\n</{c}>\n"),
    at("a.config", "xml, add", "<add key=\"{c}\" value=\"{v}\" />\n"),
    at("a.html", "html, data", "<div data-{n}=\"{v}\"></div>\n"),
    at("a.http", "header", "GET / HTTP/1.1\nX-{k}: {v}\nAccept: */*\n"),
    at("a.sh", "curl -H", "curl -s -H \"X-{k}: {v}\" https://api.example.net/v1\n"),
    at("a.txt", "query", "https://api.example.net/v1/items?{n}={v}&format=json\n"),
    at("a.js", "template, query", "const u = `https://api.example.net/?{n}={v}`;\n"),
    at("a.js", "js const", "const my_{n}_prod = '{v}';\n"),
    at("a.ts", "ts private", "  private readonly {c}: string = \"{v}\";\n"),
    at("a.js", "js object", "module.exports = { {c}: '{v}', debug: true };\n"),
    at("a.js", "js fallback", "const k = process.env.{N} || '{v}';\n"),
    at("a.py", "python", "{N} = \"{v}\"  # production\n"),
    at("a.py", "python, keyword", "connect(url, {n}='{v}', timeout=3)\n"),
    at("a.py", "python, environ", "os.environ[\"{N}\"] = \"{v}\"\n"),
    at("a.py", "python, default", "key = os.getenv('{N}', '{v}')\n"),
    at("a.py", "python, dict()", "headers = dict(x=1, {n}=\"{v}\")\n"),
    at("a.go", "go :=", "\t{c} := \"{v}\"\n"),
    at("a.go", "go, backticks", "var {c} string = `{v}`\n"),
    at("a.go", "go, field", "cfg := Config{\n\t{c}: \"{v}\",\n}\n"),
    at("a.php", "php =>", "return ['{n}' => '{v}'];\n"),
    at("a.php", "php .=", "${c} .= \"{v}\";\n"),
    at("a.php", "php define", "define('{N}', '{v}');\n"),
    at("a.rb", "ruby =>", "x = { :{n} => \"{v}\" }\n"),
    at("a.cs", "c#", "        private const string {c} = \"{v}\";\n"),
    at("a.java", "java", "    static final String {N} = \"{v}\";\n"),
    at("a.kt", "kotlin", "val {c}: String = \"{v}\"\n"),
    at("a.rs", "rust", "const {N}: &str = \"{v}\";\n"),
    at("a.swift", "swift", "let {c} = \"{v}\"\n"),
    at("a.R", "R", "{c} <- \"{v}\"\n"),
    at("a.sql", "sql", "INSERT INTO settings (name, value) VALUES ('{n}', '{v}');\n"),
    at("a.tf", "terraform", "variable \"{n}\" {\n  default = \"{v}\"\n}\n"),
    at("a.java", "setter", "client.set{k}(\"{v}\");\n"),
    at("a.log", "log", "2024-05-01T12:00:01Z INFO starting with {n}={v} on port 80\n"),
    at("a.md", "table", "| {I} {w} | {v} |\n"),
    at("a.md", "table, code", "| `{N}` | `{v}` |\n"),
    at("a.txt", "blank", "{I} {w} {v}\n"),
    at("a.txt", "said", "the {i} {w} is {v}.\n"),
    at("a.txt", "spaced name", "{I} {w}: {v}\n"),
    at("a.txt", "token = 'v' | 'w'", "{i} token = '{v}' | 'none'\n"),
    at("a.c", "in a line of a string", "puts(\"{n}={v}\\n\");\n"),
    at("a.txt", "; behind", "{n}={v};a=b\n"),
    at("a.txt", ") behind", "({n}: {v})\n"),
    at("a.txt", ", behind", "{n}={v},a=b\n"),
    at("a.sh", "option", "tool --{n}={v} --x\n"),
    at("a.sh", "option, blank", "tool --{n} {v}\n"),
    at("a.csv", "csv", "{n},{v}\n"),
    at("a.txt", "no ending", "{n}: {v}"),
];

/// The issuer's name stands elsewhere.
pub(super) const NEAR: &[Notation] = &[
    at("a.sh", "host, header behind", "curl https://api.{i}.com/v1/items -H \"Authorization: Bearer {v}\"\n"),
    at(
        "a.sh",
        "host, two headers behind",
        "curl -X POST https://api.{i}.com/v1/items -H \"Content-Type: application/json\" -H \"Authorization: {v}\"\n",
    ),
    at("a.sh", "host behind", "curl -H \"X-Api-Key: {v}\" https://api.{i}.com/v1/items\n"),
    at(
        "a.py",
        "host on the line before",
        "base_url = \"https://api.{i}.com/v2\"\nheaders = {\"Authorization\": \"Token {v}\"}\n",
    ),
    at(
        "a.py",
        "host on the line after",
        "headers = {\"Authorization\": \"Token {v}\"}\nrequests.get(\"https://api.{i}.com/v2/items\", headers=headers)\n",
    ),
    at("a.txt", "host, query", "https://api.{i}.com/v1/items?{s}={v}&format=json\n"),
    at(
        "a.go",
        "host, three lines above",
        "url := \"https://api.{i}.com/v1/resource\"\nreq, err := http.NewRequest(\"GET\", url, nil)\nif err != nil {\n\treturn err\n}\nreq.Header.Set(\"Authorization\", \"Bearer {v}\")\n",
    ),
    at("a.py", "comment behind", "{s} = \"{v}\"  # {i}\n"),
    at("a.py", "comment above", "# {I} credentials\n{s} = \"{v}\"\n"),
    at("a.ini", "section", "[{i}]\n{s} = {v}\n"),
    at("a.ini", "section, two lines", "[{i}]\nenabled = true\n{s} = {v}\n"),
    at("a.yaml", "map", "{i}:\n  {s}: {v}\n"),
    at("a.yaml", "map, two lines", "{i}:\n  enabled: true\n  {s}: {v}\n"),
    at("a.yaml", "map, three lines", "{i}:\n  enabled: true\n  region: eu\n  {s}: \"{v}\"\n"),
    at("a.json", "object", "{\"{i}\": {\"{s}\": \"{v}\"}}"),
    at("a.json", "object, on lines", "{\n  \"{i}\": {\n    \"enabled\": true,\n    \"{s}\": \"{v}\"\n  }\n}\n"),
    at("a.json", "object, named behind", "{\"{s}\": \"{v}\", \"service\": \"{i}\"}"),
    at("a.json", "object, named before", "{\"service\": \"{i}\", \"region\": \"eu\", \"{s}\": \"{v}\"}"),
    at("a.py", "constructor", "client = {I}Client(\"{v}\")\n"),
    at("a.py", "constructor, keyword", "client = {i}.Client({s}=\"{v}\")\n"),
    at("a.js", "import above", "const {I} = require('{i}');\nconst client = new {I}({ {s}: '{v}' });\n"),
    at("a.py", "import, lines above", "import {i}\n\n\ndef main():\n    {s} = \"{v}\"\n"),
    at("a.log", "log", "2024-05-01 12:00:01 INFO [{i}] using key {v}\n"),
    at("a.log", "log, lines", "[INFO] request to {i} sent\n[DEBUG] Using {w}={v}\n[INFO] 200 OK\n"),
    at("a.sh", "command", "{i} login --token {v}\n"),
    at("a.sh", "echo", "echo {v} | {i} login\n"),
    at("a.md", "table, far column", "| {I} | production | {v} |\n"),
    at("a.txt", "list", "{i}, {v}\n"),
    at("a.txt", "label", "{I}: {v}\n"),
    at("a.txt", "line above", "{I}\n{v}\n"),
];
