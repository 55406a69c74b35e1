//! What a file's name leads to, with all rules: one finding a credential, under the most telling rule,
//! with user and host where the file names them.

use watertight::detect::{Engine, Hit, View};
use watertight::forge::filler::expand;
use watertight::rules::RuleSet;

fn hits(engine: &Engine, path: &str, bytes: &[u8]) -> Vec<Hit> {
    let view = View { bytes, owned: 0..bytes.len(), whole: true, name: path.as_bytes() };
    let mut hits = Vec::new();
    engine.detect_first(&view, &mut hits);
    hits
}

/// The rule and the note of each finding in a file.
fn check(engine: &Engine, path: &str, text: &[u8], expected: &[(&str, Option<&str>)]) {
    let hits = hits(engine, path, text);
    let found: Vec<_> = hits.iter().map(|hit| (hit.rule.id.as_str(), hit.note.as_deref())).collect();
    assert_eq!(found, expected, "{path}: {}", String::from_utf8_lossy(text));
    for hit in hits.iter().filter(|hit| hit.decoded.is_empty()) {
        assert_eq!(text.get(hit.span.clone()), Some(hit.secret.expose()), "{path}");
    }
}

fn engine() -> Engine {
    Engine::new(&RuleSet::builtin().unwrap()).unwrap()
}

#[test]
fn user_and_host_are_shown() {
    let engine = engine();
    let at = Some("user ci at host r.internal");
    for (path, text, id, note) in [
        ("root/.netrc", "machine r.internal\n\tlogin ci\n\tpassword <word:20>\n", "file-netrc", at),
        ("root/.netrc", "machine r.internal login ci password <word:20>", "file-netrc", at),
        ("root/.git-credentials", "https://ci:<word:20>@r.internal\n", "file-git-credentials", at),
        ("etc/pip.conf", "[global]\nextra-index-url = https://ci:<word:20>@r.internal/simple\n", "pypi-pip-conf-index-url", at),
        ("root/.pgpass", "r.internal:5432:*:ci:<word:20>\r\n", "db-pgpass", at),
        ("root/.pypirc", "[r]\nusername = ci\npassword = <word:20>\n", "pypi-pypirc", Some("user ci")),
        ("root/.npmrc", "//r.internal/:_authToken=<base62:36>\n", "npm-npmrc-authtoken", Some("host r.internal")),
        ("etc/shadow", "a:*:1::\nci:$y$j9T$<base62:22>$<base62:43>:1:0:9:7:::\n", "file-shadow-hash", Some("user ci")),
        ("etc/shadow", "ci:!$6$<base62:16>$<base62:86>:1:0:9:7:::\n", "file-shadow-locked-hash", Some("user ci")),
        ("srv/.htpasswd", "ci:$2y$05$<base62:53>\n", "file-htpasswd", Some("user ci")),
        (
            "root/.docker/config.json",
            "{\"auths\": {\"r.internal\": {\"auth\": \"<b64(ci:<word:20>)>\"}}}",
            "docker-config-json-auths",
            at,
        ),
        (
            "run/containers/auth.json",
            "{\"auths\": {\"r.internal\": {\"identitytoken\": \"<word:60>\"}}}",
            "docker-client-identity-token",
            Some("host r.internal"),
        ),
    ] {
        check(&engine, path, expand(text, 4).as_bytes(), &[(id, note)]);
    }
}

#[test]
fn one_credential_is_one_finding_under_the_most_telling_rule() {
    let engine = engine();
    for (path, text, id) in [
        ("root/.npmrc", "//r.internal/:_authToken=npm_<base62:30><crc32>\n", "npm-access-token"),
        ("root/.npmrc", "//r.internal/:_authToken=<base62:36>\n", "npm-npmrc-authtoken"),
        ("root/.netrc", "machine github.com login x password ghp_<base62:30><crc32>\n", "github-personal-access-token"),
        ("root/.ssh/id_rsa", "<pem:RSA PRIVATE KEY>\n", "ssh-private-key-file"),
        ("root/.ssh/key", "<pem:RSA PRIVATE KEY>\n", "key-rsa-private-key"),
        ("etc/ssh/ssh_host_rsa_key", "<pem:OPENSSH PRIVATE KEY>\n", "key-ssh-host-key"),
        ("etc/openvpn/a.ovpn", "client\n<key>\n<pem:PRIVATE KEY>\n</key>\n", "openvpn-profile"),
        ("run/kubernetes.io/serviceaccount/token", "<jwt>", "kubernetes-service-account-file"),
        ("root/.kube/config", "users:\n- user:\n    token: <jwt>\n", "kubernetes-kubeconfig"),
    ] {
        let text = expand(text, 4);
        let hits = hits(&engine, path, text.as_bytes());
        let found: Vec<_> = hits.iter().map(|hit| hit.rule.id.as_str()).collect();
        assert_eq!(found, [id], "{path}");
        assert!(hits.iter().all(|hit| !hit.secret.is_empty()), "{path}");
    }
}

/// A Java key store of version 2 with one entry of this kind.
fn java_store(magic: [u8; 4], tag: u8, body: &[u8]) -> Vec<u8> {
    [&magic[..], &[0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, tag, 0, 2], b"ab", &[0; 8], body].concat()
}

#[test]
fn key_stores_are_known_by_what_they_hold() {
    let engine = engine();
    let (jks, jceks) = ([0xfe, 0xed, 0xfe, 0xed], [0xce; 4]);
    let key = [&[0x30, 0x0e, 0x06, 0x0a][..], &[0x2b, 6, 1, 4, 1, 0x2a, 2, 0x11, 1, 1], &[5, 0]].concat();
    let certificate = b"\0\x05X.509\0\0\0\x02\x30\0";
    let java = &[("key-java-keystore", None)][..];
    check(&engine, "app/a.jks", &java_store(jks, 1, &key), java);
    check(&engine, "app/trust.jks", &java_store(jks, 2, certificate), &[]);
    check(&engine, "app/mixed.jks", &[java_store(jks, 2, certificate), key.clone()].concat(), java);
    check(&engine, "app/a.jceks", &java_store(jceks, 3, b"\xac\xed\0\x05sr"), java);
    check(&engine, "app/a.txt", &java_store(jks, 1, &key), &[]);
    let pkcs12 = [&[0x30, 0x82, 0x0a, 0x10, 2, 1, 3, 0x30, 0x82][..], &[0x55; 200]].concat();
    check(&engine, "app/a.p12", &pkcs12, &[("key-pkcs12-keystore", None)]);
    check(
        &engine,
        "app/A.PFX",
        &[&[0x30, 0x80, 2, 1, 3, 0x30, 0x80][..], &[0x55; 200]].concat(),
        &[("key-pkcs12-keystore", None)],
    );
    check(&engine, "app/a.jks", &pkcs12, java);
    check(&engine, "app/a.p12", &[0x30, 0x82, 0x0a, 0x10, 2, 1, 0, 0x30], &[]);
    check(&engine, "root/.vnc/passwd", &[0xfd, 1, 0, 7, 0x80, b'\n', 9, 3], &[("file-vnc-password", None)]);
}

#[test]
fn environment_files_and_templates() {
    let engine = engine();
    let stray = |text: &str| {
        let text = expand(text, 6);
        let hits = hits(&engine, "app/.env", text.as_bytes());
        hits.iter().filter(|hit| hit.rule.id == "file-dotenv").map(|hit| hit.severity.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(stray("DB_PASSWORD=<word:18>\n"), ["high"]);
    assert_eq!(stray("DATABASE_URL=postgres://app:<word:18>@db.internal/app\n"), ["high"]);
    assert_eq!(stray("X=ghp_<base62:30><crc32>\n"), ["high"]);
    assert_eq!(stray("PORT=8080\n"), ["low"]);
    assert!(stray("").is_empty() && stray("# none\n").is_empty());
    let template =
        "APP_NAME=Laravel\nDB_PASSWORD=<replace_me>\nAPI_TOKEN=changeme\nDB_HOST=127.0.0.1\nURL=http://localhost:8080\n";
    for path in ["app/.env.example", "app/.env.x.template", "app/env.dist", "app/example.env"] {
        check(&engine, path, template.as_bytes(), &[]);
    }
}

#[test]
fn ordinary_files_are_quiet() {
    let engine = engine();
    for (path, text) in [
        ("usr/bin/env", "\x7fELF\0\0PASSWORD=\0"),
        ("usr/bin/htpasswd", "\x7fELF\0usage: htpasswd user:hash\n"),
        ("etc/shadow", "root:*:19700:0:99999:7:::\nci:!:19700::::::\nx:!!:1::::::\ny::1::::::\n"),
        ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
        ("app/vite-env.d.ts", "declare const SECRET = 'x';\n"),
        ("app/venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.13.0\n"),
        ("root/.docker/config.json", "{\"auths\": {}, \"credsStore\": \"desktop\"}"),
        ("root/.ssh/id_rsa", "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----\n"),
        ("root/.ssh/id_rsa.pub", "ssh-rsa AAAA me@host\n"),
        ("root/.aws/config", "[default]\nregion = eu-west-1\n"),
        ("root/.bash_history", "ls\ncd /app\n"),
    ] {
        check(&engine, path, text.as_bytes(), &[]);
    }
}
