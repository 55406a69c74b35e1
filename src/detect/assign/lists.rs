//! The words that the judgement of names and values knows, in one place, so that one more is one word.

use std::collections::HashSet;
use std::sync::LazyLock;

/// A set of words, made when it is first asked.
pub(super) type Words = LazyLock<HashSet<&'static str>>;

fn set(words: &'static str) -> HashSet<&'static str> {
    words.split_whitespace().collect()
}

/// Last words that say nothing of what the value is.
pub(super) static NEUTRAL: Words = Words::new(|| {
    set("value val str string text plain plaintext clear raw default def b64 base64 encoded prod production prd dev devel
development test testing tests qa uat staging stage stg old new current curr previous prev last backup bak
primary secondary main local live sandbox env var variable param parameter arg literal const bytes tmp temp opt
option ro rw read write readonly readwrite setting property prop attr attribute a b c x y one two v1 v2 v3 here
again base confirm confirmation repeat in out input1 for the is us eu master1 data1 content material hex utf8 ascii
json")
});

/// What comes before `key` where that is one to keep.
pub(super) static KEEPS: Words = Words::new(|| {
    set("api secret access private priv auth authentication authorization master encryption encrypt decryption decrypt
crypto cipher crypt signing sign signature app application account acct license licence service shared session
client aes aes128 aes256 des des3 tripledes rsa ecdsa ed25519 hmac jwt jws jwe cookie cookies consumer deploy
deployment admin root server stripe storage subscription sub security sec token symmetric preshared psk webhook
integration apikey developer dev user customer partner merchant bot ssh pem recaptcha captcha ikey
instrumentation management mgmt write ingest ingestion push fcm apns maps sendgrid mailgun twilio datadog openai
anthropic azure aws gcp google github gitlab slack heroku algolia firebase cloudflare mapbox sentry newrelic
rollbar pusher okta auth0 vault unseal wrapping seal recovery transit fernet secretbox base hash salt db
database redis cosmos cosmosdb eventhub servicebus sas iot device search query function host functions
or passphrase password wallet seed mnemonic validator node rails flask django laravel")
});

/// What comes before `key` where it opens nothing.
/// A VAPID key that is not called private is the public half.
pub(super) static OPENS_NOTHING: Words = Words::new(|| {
    set("vapid websocket socket public publishable pub primary foreign cache sort partition range index object dict map i18n translation lookup group
row column col field unique composite registry reg hot arrow shortcut enter escape esc modifier gpg pgp known
idempotency routing message msg event metadata meta option config tab ctrl alt shift tree store entity item node
react state prop resource locale label order shard hash natural surrogate candidate json xml header attribute
attr sequence answer quote tag bucket s3 etag kms kid fingerprint ssh_host bind keyboard numeric string int type
name module dependency dep class import export context ctx trace span metric log session_cache feature flag menu
nav page route view template component element dom tuple record table document")
});

/// What comes before `token` where it is a piece of text or a place in a list.
pub(super) static OPENS_LESS: Words = Words::new(|| {
    set("next page pagination continuation continue sync csrf xsrf cancellation cancel syntax start end begin lexer
parser open close design color colour current prev previous first last peek unk pad eos bos mask sep cls special
stop word text string ident identifier keyword operator op comment number literal space whitespace newline eof
max min num total prompt completion input output per di injection theme change resume expected unexpected
invalid unknown template")
});

/// What comes before `secret` and `token` and makes them certain.
pub(super) static CERTAIN: Words = Words::new(|| {
    set("client app application api jwt shared webhook session cookie consumer oauth oauth2 auth access bearer refresh
bot personal deploy github gitlab slack signing secret admin user service hmac token storage account id sas
security db vault discord telegram npm pypi docker registry ci my private rest server site channel push device
login master root super internal hub hf git pat sonar")
});

/// First words of functions and flags about secrets that hold none.
pub(super) static VERBS: Words = Words::new(|| {
    set("is has show hide use uses using enable enabled disable allow allows require requires required no skip should can
needs need want missing invalid wrong bad correct incorrect get fetch find load generate gen create make verify validate
check compare encrypt encode parse reset forgot forgotten max min num count toggle ask prompt enter supports
support on handle format mask empty unset delete remove update change revoke rotate expire expired err errcode errno error")
});

/// Words before a joined `pass` or `pw`: `dbpass`, `rootpw`.
pub(super) static HOLDERS: Words = Words::new(|| {
    set("db u user usr admin adm root my ssh ftp mail email smtp imap auth login bind ldap mysql pg sql redis key keystore
trust store proxy http server client host test demo guest default rabbit mq mongo ora svn git wifi wp app cert
rpc vnc sudo master repl old new zip pdf pfx jks p12")
});

/// What stands before `pass` in words of another kind, as in `compass`, `bypass` and `renderpass`.
pub(super) static PASSES: Words = Words::new(|| {
    set("com ask kee encom by sur tres over under im multi single first second third two one last next each all low high band notch
render shader depth shadow light base gbuffer forward back front fly out see through boarding season bus day ski rail
tour city guest opt lto codegen llvm function module loop analysis lower lowering transform verifier xpass x does should
could can will must may never always didnt wont not to per pre post multipass test tests check checks build fail failor
skip count auto fast slow dry main half full tone sand eye ear water fire")
});

/// What has passes that are no passwords, when it is a word of its own: `renderPass`, `boarding_pass`.
pub(super) static PASSING: Words = Words::new(|| {
    set("render shader depth shadow light color colour opaque translucent gbuffer boarding lto codegen llvm loop analysis
lowering verifier offscreen blit bloom draw geometry fastcgi uwsgi scgi grpc memcached spf dkim dmarc")
});

/// Words for a password, which translated examples have in the place of one.
pub(super) static CALLED: Words = Words::new(|| {
    set("passwort kennwort heslo senha contrasena wachtwoord salasana parola haslo adgangskode lozinka kodeord sifre jelszo
contraseña contrasenya parole пароль 密码 密碼 パスワード 비밀번호 şifre hasło mot_de_passe motdepasse mot-de-passe")
});

/// What settings that sound like secrets are set to when they are none: `passwd: files`, `PASSWD=define`.
pub(super) static NO_VALUES: Words = Words::new(|| {
    set("aws4-hmac-sha256 files compat systemd sss nis ldap define undef anonymous anonymous@ -anonymous@ all any never always internal
external local localhost remote static dynamic inherit visible hidden latin1 utf8 utf-8 base64 hs256 rs256 sha256 md5
bcrypt sha sha1 sha512 ssha ssha256 ssha512 smd5 md5-crypt crypt blowfish option options parameter setting argument field
argon2 argon2i argon2id pbkdf2 scrypt denied allowed supported unsupported mechanism not the and for with from this that are can must should when which")
});

/// Words that stand before `key` and `token` where people tell each other which: "API key".
pub(super) static SAID: Words = Words::new(|| {
    set("api access secret private unseal encryption signing auth authentication bearer session deploy license licence
personal service admin master account webhook bot recovery")
});

/// Words of labels and messages: a text that has one is no passphrase.
pub(super) static LABELS: Words = Words::new(|| {
    set("the and for with from this that your you our not must should can will has have are was were use uses using used
set get new old current confirm confirmation repeat again enter reenter retype type choose change reset forgot
forgotten show hide required optional invalid wrong incorrect missing empty none null match matches mismatch does
field input string value text name user username login email mail account label hint help please only needed
default hidden plain hashed encrypted encoded generated random error failed failure success expired disabled
enabled none any all per when where which what who how into file path url protected secure security database
server client host admin auth authentication authorization access api code number characters character digits
letters least more less than long short strong weak medium very too und der die das den ein eine mit ist bitte
les fill please put add some real super defined generate local dev development testing production staging placeholder
later here there thing example dummy change credentials
des une est pour mot votre del los las por una seu sua della wpa wep")
});

/// What code has in quotes behind the name of a password that is none: kinds of fields and values, ways to log in, what a
/// button or a switch does.
pub(super) static KINDS: Words = Words::new(|| {
    set("argument attribute property param parameter option setting column char varchar integer object array function class
struct enum widget element control button checkbox textbox textarea dialog form title caption header footer icon
kerberos oauth oauth2 openid saml radius ldaps gssapi ntlm negotiate digest pam tacacs tacacs+ mfa totp otp fido webauthn
argon2 argon2id scrypt pbkdf2 crypt blowfish sha1 sha224 sha384 sha512 ripemd hmac login logout signin signup signout
register registration submit cancel toggle update delete create insert select verify validate validated check checked
valid blank ignored unused unchanged readonly writeonly sensitive private public protected internal nullable confirmed
always never sometimes on_create inherit prompt keyring stdin stdout stderr clipboard browser cookie session")
});

/// How hashes of passwords, and encrypted values, begin.
pub(super) const HASHES: &[&str] = &[
    "$2a$",
    "$2b$",
    "$2y$",
    "$1$",
    "$5$",
    "$6$",
    "$y$",
    "$gy$",
    "$7$",
    "$8$",
    "$9$",
    "$P$",
    "$H$",
    "$argon2",
    "$apr1$",
    "$pbkdf2",
    "$scrypt",
    "$sha",
    "{SSHA",
    "{SHA",
    "{MD5}",
    "{CRYPT}",
    "{PBKDF2",
    "{bcrypt}",
    "pbkdf2_",
    "pbkdf2:",
    "scrypt:",
    "bcrypt$",
    "sha1$",
    "SCRAM-SHA-",
    "HMACSHA1+",
    "HMACSHA2+",
    "U2FsdGVkX1",
    "gAAAAA",
    "vault:v",
    "AQICAH",
    "0x0100",
    "0x0200",
];

/// Defaults that programs ship with, and what people type first; digits behind them do not help.
pub(super) static KNOWN: Words = Words::new(|| {
    set("admin administrator root toor postgres mysql redis mongo mongodb oracle tiger sa rabbitmq guest letmein welcome
hunter qwerty qwertz azerty monkey dragon master login abc iloveyou sunshine princess football trustno passw0rd
p@ssw0rd p@ssword pa$$word pa$$w0rd pa55word password passwort secret supersecret topsecret changeme test demo
user minio minioadmin elastic kibana grafana jenkins nexus sonar tomcat vagrant raspberry ubuntu debian pi
alpine calvin manager system wordpress drupal magento laravel django airflow superset keycloak zabbix nagios
cassandra neo4j couchbase influx docker kubernetes homestead sail example foo foobar bar pass summer winter
spring autumn hello default public private s3cr3t s3cret secr3t pwd mypass mypassword testpass testpassword
dbpass dbpassword")
});
