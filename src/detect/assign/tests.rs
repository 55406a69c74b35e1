//! Names with their values in every notation, and what only looks like it.

use super::super::{Engine, Hit, View};
use crate::finding::Confidence;
use crate::forge::filler::expand;
use crate::rules::RuleSet;
use std::sync::LazyLock;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let rules = RuleSet::builtin().unwrap();
    let wanted: Vec<String> =
        rules.rules().iter().filter(|rule| rule.label.id.starts_with("generic-")).map(|rule| rule.label.id.clone()).collect();
    assert!(wanted.len() >= 4);
    Engine::new(&rules).unwrap()
});

fn hits(path: &str, text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    let view = View { bytes: text.as_bytes(), owned: 0..text.len(), whole: true, name: path.as_bytes() };
    ENGINE.detect(&view, &mut hits);
    hits.retain(|hit| hit.confidence >= Confidence::Medium);
    hits
}

/// Each text holds `@`, which becomes a password, and has it as its one finding.
#[track_caller]
fn found(path: &str, texts: &[&str]) {
    for (seed, text) in texts.iter().enumerate() {
        let secret = expand("Tr4<word:9>", seed as u64).replace(['*', '!', '+'], "7");
        let text = text.replace('@', &secret);
        let found = hits(path, &text);
        let values: Vec<&[u8]> = found.iter().map(|hit| hit.secret.expose()).collect();
        assert_eq!(values, [secret.as_bytes()], "{path}: {text}");
    }
}

#[track_caller]
fn quiet(path: &str, texts: &[&str]) {
    for (seed, text) in texts.iter().enumerate() {
        let text = expand(text, seed as u64);
        assert_eq!(hits(path, &text).len(), 0, "{path}: {text}");
    }
}

#[test]
fn logs_of_package_managers() {
    quiet(
        "var/log/dpkg.log",
        &[
            "2026-01-02 03:04:05 install base-passwd:amd64 <none> 3.6.1",
            "2026-01-02 03:04:05 status unpacked base-passwd:arm64 3.6.1",
            "2026-01-02 03:04:05 configure base-passwd:all 3.6.1 3.6.1",
        ],
    );
    quiet(
        "var/log/bootstrap.log",
        &[
            "URL:x/pool/main/b/base-passwd/base-passwd_3.6.1_amd64.deb [59/59] -> \"a/base-passwd_3.6.1_amd64.deb\" [1]",
            "URL:x/pool/main/s/shadow/passwd_1%3a4.13+dfsg1-1+deb12u2_amd64.deb [97/97]",
            "Selecting previously unselected package base-passwd.",
            "Unpacking base-passwd (3.6.1) ...",
        ],
    );
}

#[test]
fn code() {
    found(
        "a.py",
        &[
            "password = \"@\"",
            "db_password='@'",
            "connect(host='x', password='@')",
            "d = {'user': 'x', 'password': '@'}",
            "password: str = '@'",
            "os.environ['DB_PASSWORD'] = '@'",
            "pw = os.getenv('DB_PW', '@')",
            "if password == '@':",
            "PASSWORD = b'@'",
            "config[\"password\"] = \"@\"",
            "x.set_password('@')",
            "password = os.environ.get(\"PASSWORD\", \"@\")",
            "def connect(user, password=\"@\"):",
        ],
    );
    found(
        "A.java",
        &[
            "private static final String PASSWORD = \"@\";",
            "ds.setPassword(\"@\");",
            "props.put(\"password\", \"@\");",
            "if (password.equals(\"@\")) {",
            "@Value".get(1..).map_or("", |_| "String dbPwd = new String(\"@\");"),
        ],
    );
    found("a.go", &["password := \"@\"", "const dbPassword = \"@\"", "Password: \"@\",", "var adminPassword string = \"@\""]);
    found(
        "a.js",
        &[
            "const password = '@';",
            "{password: \"@\", user: 'x'}",
            "password: process.env.PASSWORD || '@',",
            "const pwd = `@`;",
            "export const dbPassword: string = \"@\";",
        ],
    );
    found("a.c", &["#define DB_PASSWORD \"@\"", "char password[] = \"@\";", "static const char *password = \"@\";"]);
    found(
        "a.php",
        &[
            "$db['default']['password'] = '@';",
            "'password' => '@',",
            "define('DB_PASSWORD', '@');",
            "'password' => env('DB_PASSWORD', '@'),",
        ],
    );
    found("a.rs", &["let password = \"@\";", "const PASSWORD: &str = \"@\";"]);
    found(
        "a.cs",
        &["string password = \"@\";", "public const string Password = \"@\";", "var c = \"Server=x;User Id=sa;Password=@;\";"],
    );
    found("a.rb", &["password = '@'", ":password => '@'", "password: '@'", "password '@'"]);
    found("a.sql", &["CREATE USER x IDENTIFIED BY '1' PASSWORD '@';", "ALTER ROLE x WITH PASSWORD '@';"]);
}

/// Names whose values stand farther off.
#[test]
fn code_at_a_distance() {
    found("a.cs", &["public string Password { get; set; } = \"@\";", "char[] password = {\"@\"};"]);
    found(
        "a.cpp",
        &[
            "std::string password{\"@\"};",
            "strcpy(password, \"@\");",
            "{\"password\", \"@\"},",
            "if (strcmp(password, \"@\") == 0)",
        ],
    );
    found("a.c", &["curl_easy_setopt(curl, CURLOPT_USERPWD, \"bob:@\");", "curl_easy_setopt(c, CURLOPT_PASSWORD, \"@\");"]);
    found(
        "a.js",
        &[
            "const password = env(\"PW\") ?? \"@\";",
            "cy.get('#password').type('@')",
            "const [password, setPassword] = useState(\"@\");",
        ],
    );
    found("a.rs", &["let pw = env::var(\"DB_PASSWORD\").unwrap_or(\"@\".into());", "password: \"@\".to_owned(),"]);
    found("a.py", &["setattr(conf, \"password\", \"@\")", "auth=(\"bob\", \"@\")"]);
    found("a.php", &["'auth' => ['bob', '@'],", "$pw = <<<'X'\n@\nX;\n"]);
    found("a.rb", &["password = %q{@}", "set :password, '@'"]);
    found("a.lua", &["password = [[@]]"]);
    found("a.erl", &["{password, \"@\"},"]);
    found("a.gradle", &["storePassword \"@\"", "    storePassword '@'\n"]);
    found("a.vb", &["Dim password As String = \"@\""]);
    found("a.tf", &["variable \"password\" {\n  type = string\n  default = \"@\"\n}"]);
    found(
        "a.xml",
        &["<x value=\"@\" key=\"Password\"/>", "<password type=\"s\">@</password>", "<x name=\"password\" type=\"s\">@</x>"],
    );
    found("a.j2", &["password = {{ pw | default('@') }}"]);
    found("a.csv", &["user,password\nbob,@\n", "user\tpassword\tx\nbob\t@\ty\n"]);
    found("a.sql", &["INSERT INTO users (name, password) VALUES ('bob', '@');"]);
    found(
        "a.sh",
        &[concat!("expect \"Pass", "word:\"\nsend \"@\\r\""), "mvn deploy -Dpassword=@", "mount -o user=x,password=@,rw /x"],
    );
}

/// Secrets that no name tells but their place.
#[test]
fn places() {
    found("a.py", &["smtp.login(user, '@')", "HTTPBasicAuth('bob', '@')", "ssh.connect('h', 22, 'root', '@')"]);
    found("a.php", &["mysqli_connect('db', 'root', '@', 'shop');", "new PDO($dsn, 'app', '@')"]);
    found(
        "A.java",
        &[
            "DriverManager.getConnection(url, \"sa\", \"@\")",
            "if (\"@\".equals(password)) {",
            "ks.load(in, \"@\".toCharArray());",
        ],
    );
    found("a.rb", &["http.basic_auth 'bob', '@'"]);
    found(
        "a.sh",
        &["echo 'root:@' | chpasswd", "echo \"@\" | docker login --password-stdin", "curl -fsu bob:@ https://x.internal"],
    );
    found("a.sql", &["CREATE USER bob IDENTIFIED BY @;"]);
    quiet(
        "a.py",
        &["button.connect('clicked', self.clicked, '<human>')", "login('bob', password)", "create_user('bob', 'mail')"],
    );
    quiet("a.log", &["PASS: <lower:3>-<lower:4>/<hex:8>\nPASS: <lower:6>/<hex:8>\n"]);
    found("a.yml", &["USER: bob\nPASS: @\nHOST: here\n"]);
    quiet("a.sql", &["INSERT INTO users (name, password) VALUES ('bob', '<hex:32>');", "IDENTIFIED BY PASSWORD '*<HEX:40>'"]);
}

/// Text for people, and words that are none.
#[test]
fn words() {
    found("a.log", &["login user=bob password=@ ok", "user: bob, password: @"]);
    found("setup.md", &["The password is `@`.", "**Password:** @", "contraseña: @", "пароль: @"]);
    quiet(
        "a.py",
        &[
            "password: 'mot de passe'",
            "# pass `x=True1` to it",
            "'password': 'your new password'",
            "'password' => 'required|min:8'",
        ],
    );
    quiet("a.ps1", &["$password = Read-Host \"Password\" -AsSecureString"]);
    quiet("app/.env", &["DB_PASSWORD=please-change-this", "STRIPE_PUBLISHABLE_KEY=pk_<base62:24>", "EXISTING_SECRET=db-auth"]);
}

#[test]
fn commands() {
    found(
        "Dockerfile",
        &[
            "RUN mysql -u root -p@ -h db.internal",
            "RUN curl -u bob:@ https://x.internal/a.tgz",
            "RUN tool --password @ run",
            "CMD [\"tool\", \"--password\", \"@\"]",
            "RUN docker login -u ci --password=@ r.internal",
            "RUN sshpass -p @ ssh x",
            "RUN tool --db-password '@'",
        ],
    );
    found("history", &["mysqldump -uroot -p'@' shop", "curl --user ci:@ -O https://x.internal"]);
    quiet(
        "Dockerfile",
        &[
            "RUN mysql -p$PW",
            "RUN curl -u $U:$P x",
            "RUN docker run -p 8080:80 x",
            "RUN tool --password-stdin x",
            "RUN tool --password \"$PW\"",
        ],
    );
    quiet(
        "README.md",
        &["tool --password PASSWORD", "mysql -u root -p", "curl -u user:password x", "  --password string   the password"],
    );
}

#[test]
fn settings() {
    found("app/.env", &["DB_PASSWORD=@", "export DB_PASSWORD=@", "DB_PASSWORD=\"@\""]);
    found(
        "a.yaml",
        &[
            "password: @",
            "  password: \"@\"",
            "db: {user: x, password: @}",
            "- name: DB_PASSWORD\n  value: @",
            "DB_PASSWORD: @ # the password",
            "password: |\n  @\n",
            "environment:\n  - \"DB_PASSWORD=@\"\n  - 'X=y'",
        ],
    );
    found(
        "a.service",
        &["Environment=\"DB_PASSWORD=@\" \"X=y\"", "Environment=DB_PASSWORD=@ X=y", "Environment=X=y DB_PASSWORD=@"],
    );
    found("nginx.conf", &["proxy_set_header X-Auth-Password @;"]);
    quiet("a.yaml", &["PASSWORD: ${PASSWORD:?is missing}", "password: encrypted:<base64:60>"]);
    found("a.properties", &["spring.datasource.password=@", "db.password = @", "db.password: @"]);
    found("a.ini", &["[db]\npassword = @"]);
    found(
        "a.json",
        &["{\"password\": \"@\"}", "{\"name\": \"DB_PASSWORD\", \"value\": \"@\"}", "{\n  \"password\":\n    \"@\"}"],
    );
    found(
        "a.xml",
        &[
            "<password>@</password>",
            "<add key=\"DbPassword\" value=\"@\"/>",
            "<property name=\"password\" value=\"@\"/>",
            "<x password=\"@\"/>",
            "<string name=\"password\">@</string>",
            "<entry key=\"db.password\">@</entry>",
            "<ns:password><![CDATA[@]]></ns:password>",
        ],
    );
    found("a.tf", &["password = \"@\"", "  default_password = \"@\""]);
    found("a.toml", &["password = \"@\""]);
    found("a.sh", &["PASSWORD=@", "export PGPASSWORD='@'", "PASSWORD=${PASSWORD:-@}", "MYSQL_PWD=@ mysql -u root"]);
    found("application.yml", &["password: ${DB_PASSWORD:@}"]);
    found("Dockerfile", &["ENV DB_PASSWORD=@", "ENV DB_PASSWORD @", "ARG DB_PASSWORD=@"]);
    found("notes", &["password = @", "DB_PASSWORD=@", "{\"password\": \"@\"}", "host=x user=y password=@ dbname=z"]);
}

/// What only the other side, the place or the user before it tells.
#[test]
fn values_that_stand_apart_from_their_names() {
    found("a.py", &["user, password = \"bob\", \"@\"", "[user, password] = ['bob', '@']", "if \"@\" == password:"]);
    found("a.py", &["USERS = {\"bob\": \"@\"}", "credentials = [(\"bob\", \"@\")]"]);
    found("A.java", &["props.put(\"password\", \"@\");", "assertEquals(\"@\", user.getPassword());"]);
    found("a.py", &["p.add_argument('-p', '--password', type=str, default='@', help='x')"]);
    found("A.java", &["Map.of(\"user\", \"x\", \"password\", \"@\")"]);
    found("a.cc", &["const char *password = (const char *)\"@\";"]);
    found("a.go", &["flag.StringVar(&password, \"password\", \"@\", \"the password\")"]);
    found("CMakeLists.txt", &["set(SIGNING_PASSWORD \"@\")"]);
    found("haproxy.cfg", &["stats auth bob:@"]);
    found("setup.md", &["user/pass: bob/@", "The default credentials are bob:@"]);
    quiet(
        "a.py",
        &[
            "user, password = line.split(':')",
            "users = {\"bob\": \"Bob Smith\", \"eve\": \"team-17\"}",
            "if \"password\" == field.name:",
            "if \"<human>\" == password.algorithm:",
            "self.assertEqual(user.name, \"<human>\")",
        ],
    );
    quiet("a.yaml", &["cache_key: <hex:32>", "key: <HEX:40>"]);
}

#[test]
fn no_secrets() {
    quiet(
        "a.py",
        &[
            "password = get_password()",
            "password = args.password",
            "password_field = 'user_password_input'",
            "token_count = 4096",
            "help='The password to use for the login'",
            "raise ValueError('password required')",
            "key = 'description'",
            "sort_key = 'name_of_column'",
            "password=password",
            "PASSWORD = None",
            "token = tokens[0]",
            "secret_name = 'prod/db/main-credentials'",
            "password = '<password>'",
            "public_key = '<base64:60>'",
            "tokenizer = 'bert-base-uncased'",
            "password = \"${DB_PASSWORD}\"",
        ],
    );
    quiet(
        "a.js",
        &[
            "{type:\"password\",name:\"password\"}",
            "key:\"Enter\"",
            "token:e,next:t",
            "password:n.password",
            "i18n.t('password.required')",
            "{key:'user-settings',label:'Settings'}",
            "const tokenType='access_token';",
        ],
    );
    quiet(
        "a.yaml",
        &[
            "password: ${DB_PASSWORD}",
            "secretKeyRef:\n  name: db\n  key: password",
            "password: {{ .Values.password }}",
            "tokenUrl: https://x.internal/token",
            "key: app.kubernetes.io/name",
            "secretName: app-tls",
        ],
    );
    quiet("app/.env", &["DB_PASSWORD=", "DB_PASSWORD=<replace_me>", "SECRET_NAME=app-credentials", "PASSWORD_MIN_LENGTH=12"]);
    quiet(
        "a.json",
        &[
            "{\"integrity\": \"sha512-<base64:86>==\"}",
            "{\"password\": \"\"}",
            "{\"password\": \"string\"}",
            "{\"token\": {\"type\": \"string\"}}",
            "{\"primaryKey\": \"<uuid>\"}",
        ],
    );
}

#[test]
fn names_with_a_joined_word() {
    found("a.py", &["machinepass = '@'", "self.clearpass = '@'", "userpass=\"@\"", "args = ['--password', '@']"]);
    quiet("a.py", &["compass = '<base62:24>'", "renderpass = '<base62:24>'", "onepass = '<base62:24>'"]);
}

#[test]
fn fields_of_a_query_end_at_the_next() {
    found("a.txt", &["oauth_secret=@&oauth_expires_at=2013-09-11", "token_secret=@&next_field=12&last=5"]);
}

#[test]
fn code_between_strings() {
    quiet(
        "a.php",
        &[
            "$password = \"for_test_user_id_{$id}x\";",
            "$headers .= \"Authorization: Basic \".base64_encode($this->user.\":\".$this->pass).\"\\r\\n\";",
            "$row->user_password = \":B:{$row->user_id}:{$row->user_password}\";",
        ],
    );
    quiet("a.js", &["x('iframe[data-secret=\"'+t.secret+'\"]')", "'secret':'\\u3299\\ufe0f',"]);
    quiet("a.unlang", &["&User-Password := \"%{string:Tmp-String-0}\""]);
    quiet("a.c", &["ERROR(\"rlm_eap_pwd: Server ID is not configured\");", "printf(\"PASS: uid %d exists\", uid);"]);
    quiet("a.h", &["#define DS_GUID_SCHEMA_ATTR_USER_PASSWORD \"<uuid>\""]);
}

#[test]
fn texts_for_people() {
    quiet("a.c", &["  -W, --password           ask for it first", "/* the row is identified by \"position\" */"]);
    quiet("zh.json", &["\"unrecognisedtoken\": \"於第$1個字元處出現預期之外的符號「$2」。\","]);
    let labels = ["Benutzer", "Anmelden", "Bitte warten", "Größe", "Zurück zur Liste", "Abmelden", "Speichern", "Losungswort"];
    let names = ["user", "login", "wait", "size", "back", "leave", "save", "password"];
    let lines: Vec<String> = names.iter().zip(labels).map(|(name, label)| format!("  field_{name}: {label}")).collect();
    quiet("de.yml", &[&lines.join("\n")]);
}

#[test]
fn values_that_are_named_things() {
    quiet("a.yaml", &["key: router.3500_24.uptime", "key: router.ies1248.name", "password: !encrypted/pkcs1-oaep\n  - x"]);
    quiet("a.php", &["hash [password] 'App\\Entity\\User'", "'password' => 'App\\Entity\\User',"]);
    quiet("a.php", &["'credentials' => ['<b64(theNameOfSomeThing)>' => $credential],"]);
}

#[test]
fn short_passwords_of_small_letters_in_code_and_its_tests() {
    let notations =
        ["password = '@'", "login(user='bob', password='@')", "{\"user\": \"bob\", \"password\": \"@\"}", "conn.pwd = \"@\";"];
    for (seed, notation) in notations.iter().enumerate() {
        for template in ["qx<lower:3>", "zr<lower:4>", "qwv<lower:4>", "xk<lower:2>7"] {
            let secret = expand(template, seed as u64);
            for path in ["src/db.py", "tests/unit/test_db.py"] {
                let found = hits(path, &notation.replace('@', &secret));
                let values: Vec<&[u8]> = found.iter().map(|hit| hit.secret.expose()).collect();
                assert_eq!(values, [secret.as_bytes()], "{path}: {notation}");
            }
        }
    }
}

#[test]
fn passes_that_are_no_passwords_and_values_that_are_none() {
    quiet(
        "a.js",
        &[
            "if ('<lower:9>' !== e.renderPass) return;",
            "x.boarding_pass = '<lower:6>';",
            "pass_arg = '<lower:6>'",
            "passwords: 'people',",
        ],
    );
    quiet("a.template", &["db_password: @DB_PASSWORD", "password = StringField(max_length=255)"]);
    quiet("README.md", &["DB_USER=root DB_PASSWORD= FILTER=integration npm test"]);
    quiet("x.3", &[".BR X_USERNAME \"(3), \" X_PASSWORD \"(3), \""]);
    quiet("a.py", &["AUTH_STATUS_PASS = b'\\x01'", "db.login('users', 'people')"]);
}

#[test]
fn what_stands_around_tells_that_it_is_something_else() {
    quiet("a.asn1", &["  IDENTIFIED BY  id-at-shop-94", "IDENTIFIED BY id-as-mail"]);
    quiet(
        "a.c",
        &[
            "if (os_strcmp(token, \"kind=SHA-<digits:3>\") == 0)",
            "log(LOG_DEBUG, \"EAP-GPSK: Request/GPSK-<digits:1>\");",
            "log(LOG_DEBUG, \"EAP-PSK: Flags=0x%x\", flags);",
            "IN_SET(v, \"wpa-psk\", \"wpa-psk-sha<digits:3>\")",
            "#define ERRCODE_BAD_PASSWORD \"28P<digits:2>\"",
            "return (check_login(r, \"login\") == OK ? LOGIN_TOKEN : LOGIN_PASS);",
        ],
    );
    quiet(
        "a.js",
        &[
            "x={password:\"'password'==a.type\"}",
            "f(\"no good password\":\"english\"===e.name?s:t)",
            "return ok ? COOKED_PASS : COOKED_FAIL",
        ],
    );
    quiet(
        "a.conf",
        &["#  fastcgi_pass   10.0.0.1:9000;", "value = \"$host_auth_password$\"", "ProxyPass \"/ws2/\"  \"ws://x/\""],
    );
    quiet(
        "a.unlang",
        &["TOTP-Password := &User<lower:1>-Password", "Cleartext-Password := &session-state:Tmp<lower:1>-Integer-0"],
    );
    quiet("ssl.conf", &["# a file by using ssl_key_password = <path.", "ciphers = ALL:!kRSA:!MD5:!PSK:!RC4:!ADH"]);
    quiet("wpa.conf", &["private_key=\"pkcs11:token=x;id=%01\"", "psk=000102030405060708090a0b0c0d0e0f"]);
    quiet(
        "a.sh",
        &["PWD=`dirname \"$0\"`", "color[\"PASS\"] = \"grn\"; color[\"FAIL\"] = \"red\"", "echo \"password      : Not shown\""],
    );
    quiet("a.lock", &["\"acme/auth\": \">=4,<4.0.99|>=4.1,<=4.1.31\","]);
    quiet("lang/ro.php", &["'Password' => 'Parol&#259;',", "'NewPassword' => 'Parola nou&#259;',"]);
    quiet("da.json", &["\"Web Password\": \"Web-adgangskode\","]);
    quiet("a.html", &["<a href=\"#removepassphrase\">below</a> to remove it", "le fichier htpasswd \"normale\", et"]);
    quiet("a.php", &["echo 'Password: %3$s';", "$pass = password::hash_password('test', 'ssha256');"]);
    quiet("a.txt", &["Change the case of the password \"before\" or \"after\"."]);
    quiet("Test.erl", &["{\"PWD\", \"/build/r16b02_x.2013-07-10_20\"}"]);
    found("a.c", &["if (strcmp(password, \"@\") == 0)", "check(\"login\", \"PASS\"); char *password = \"@\";"]);
    found("a.sql", &["CREATE USER bob IDENTIFIED BY @;"]);
    found("a.js", &["if (password === \"@\") f();", "const p = ok ? \"x\" : y, password = \"@\";"]);
}

#[test]
fn names_and_words_in_the_place_of_a_value() {
    quiet("a.adoc", &["** note: pass:none[between two of them] pass:[<p>]"]);
    quiet("ltmain.sh", &["test \"$mode,$pass\" = \"prog,scan\"; then", "mysql_pass=\"-p$2\"", "rm -f one_1_pw two_1_pw"]);
    quiet("parents.json", &["\"en_PW\": \"en_001\","]);
    quiet(
        "languages/i18n/x.json",
        &["\"rememberpassword\": \"merke<lower:1>unddenken\",", "\"yourpassword\": \"losungs<lower:1>worte und<lower:1>nach\","],
    );
    quiet("pl.po", &["msgstr \"Hasło: Odmowa<lower:1> dostepu\""]);
    quiet("a.c", &["printf(\"check_password: load_routing_table() %d\", n);", "if (!strncmp(passwd, \"u_pwd=\", 6))"]);
    quiet("a.go", &["mc, err := NewWithCredentials(endpoint, creds, \"us-east-1\")", "forSecrets := \"[]Reference{\""]);
    quiet("oids.h", &["#define OBJ_PASSWORD \"\\x2A\\x06\\x01\\x<digits:2>\\x05\\x07\\x04\\x0C\""]);
    quiet("pam.conf", &["# Password Management"]);
    quiet("a.php", &["$defaultPassword = 'argon2';"]);
}

#[test]
fn defaults_of_columns() {
    found(
        "a.sql",
        &["password text DEFAULT '@'::text,", "login_password text := '@';", "password varchar(64) NOT NULL DEFAULT '@',"],
    );
}
