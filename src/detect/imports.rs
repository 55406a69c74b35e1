//! What a pickle imports: to load it is to call what it names, so a pickle that names `os.system` is a program.
//!
//! A pickle of honest libraries names their classes and functions that build values. Listed here is what runs
//! commands or code, reaches the network, or touches files when it is called; anything else is taken for harmless,
//! since every model names classes of its own. `getattr` is how pickles write bound methods, and is the first step
//! of many attacks as well: alone it says little.

use super::{Hit, judge};
use crate::finding::{Confidence, Severity};
use crate::rules::Rule;
use std::sync::Arc;

/// Modules of which everything is dangerous to call, with what lies below them.
const MODULES: &[&str] = &[
    "posix",
    "nt",
    "subprocess",
    "_posixsubprocess",
    "commands",
    "popen2",
    "pty",
    "runpy",
    "code",
    "codeop",
    "pdb",
    "bdb",
    "cProfile",
    "profile",
    "trace",
    "timeit",
    "webbrowser",
    "antigravity",
    "importlib",
    "imp",
    "pkgutil",
    "zipimport",
    "ctypes",
    "_ctypes",
    "cffi",
    "socket",
    "_socket",
    "socketserver",
    "http",
    "httplib",
    "urllib",
    "urllib2",
    "requests",
    "httpx",
    "aiohttp",
    "ftplib",
    "smtplib",
    "poplib",
    "imaplib",
    "telnetlib",
    "xmlrpc",
    "xmlrpclib",
    "paramiko",
    "pexpect",
    "sh",
    "pip",
    "ensurepip",
    "distutils",
    "setuptools",
    "venv",
    "idlelib",
    "pydoc",
    "doctest",
    "lib2to3",
    "platform",
    "marshal",
    "signal",
    "sysconfig",
    "torch.hub",
    "torch.utils.cpp_extension",
    "numpy.f2py",
    "numpy.distutils",
    "IPython",
    "test.support",
];

/// Single names, with what lies below them.
const NAMES: &[&str] = &[
    "builtins.eval",
    "builtins.exec",
    "builtins.compile",
    "builtins.execfile",
    "builtins.__import__",
    "builtins.open",
    "builtins.file",
    "builtins.input",
    "builtins.apply",
    "builtins.breakpoint",
    "builtins.globals",
    "builtins.locals",
    "builtins.vars",
    "builtins.memoryview.cast",
    "sys.modules",
    "sys.exit",
    "sys.settrace",
    "sys.setprofile",
    "sys.meta_path",
    "sys.path",
    "shutil.rmtree",
    "shutil.move",
    "shutil.copy",
    "shutil.copyfile",
    "shutil.copytree",
    "shutil.chown",
    "shutil.make_archive",
    "shutil.unpack_archive",
    "io.open",
    "io.FileIO",
    "_io.open",
    "_io.FileIO",
    "codecs.open",
    "io.open_code",
    "_io.open_code",
    "pickle.load",
    "pickle.loads",
    "_pickle.load",
    "_pickle.loads",
    "pickle._loads",
    "cPickle.loads",
    "dill.loads",
    "dill._dill.loads",
    "joblib.load",
    "joblib.numpy_pickle.load",
    "pandas.read_pickle",
    "pandas.io.pickle.read_pickle",
    "torch.load",
    "torch.serialization.load",
    "torch.storage._load_from_bytes.__globals__",
    "numpy.load.__globals__",
    "asyncio.create_subprocess_exec",
    "asyncio.create_subprocess_shell",
    "asyncio.run",
    "asyncio.subprocess",
    "asyncio.unix_events",
    "multiprocessing.Process",
    "multiprocessing.util.spawnv_passfds",
    "threading.Thread",
    "_thread.start_new_thread",
    "concurrent.futures.process",
    "logging.config.listen",
    "logging.config.dictConfig",
    "tempfile._mkstemp_inner",
    "numpy.testing.runstring",
    "numpy.testing._private.utils.runstring",
    "numpy.testing.utils.runstring",
    "numpy.testing.rundocs",
    "numpy.testing._private.utils.rundocs",
    "types.CodeType",
    "types.FunctionType",
    "_sqlite3.connect",
    "sqlite3.connect",
    "uuid._popen",
    "ast.literal_eval.__globals__",
    "linecache.updatecache",
    "torch._dynamo.guards.GuardBuilder.get",
    "torch.jit.unsupported_tensor_ops.execWrapper",
    "torch.distributed.rpc",
];

/// Names of `os` that do nothing to the machine.
const HARMLESS_OF_OS: &[&str] =
    &["PathLike", "fspath", "fsencode", "fsdecode", "stat_result", "terminal_size", "times_result", "path"];

/// Names that alone say little.
const WEAK: &[&str] = &[
    "builtins.getattr",
    "builtins.setattr",
    "builtins.delattr",
    "operator.attrgetter",
    "operator.methodcaller",
    "functools.reduce",
    "builtins.map",
    "builtins.filter",
];

/// Names that are dangerous wherever they are reached through: `torch.serialization` has `os` as an attribute.
const ANYWHERE: &[&str] = &[
    "os.system",
    "os.popen",
    "os.exec",
    "os.spawn",
    "subprocess",
    "sys.modules",
    "__globals__",
    "__builtins__",
    "__subclasses__",
];

/// Longest name that is shown.
const SHOWN: usize = 200;

/// Judges `name` of `module`.
pub(super) fn judge(rules: &[Arc<Rule>], module: &[u8], name: &[u8], hits: &mut Vec<Hit>) {
    let Some(rule) = rules.first() else { return };
    let full = format!("{}.{}", String::from_utf8_lossy(module), String::from_utf8_lossy(name));
    let Some(severity) = danger(&full) else { return };
    let mut hit = judge::hit(rule, b"", 0..0, 0);
    hit.severity = hit.severity.min(severity);
    hit.reasons = vec!["whoever loads the file calls it".into()];
    if severity < Severity::High {
        hit.confidence = Confidence::Low;
        hit.reasons.push("pickles of honest programs name it as well".into());
    }
    hit.name = Some(full.chars().take(SHOWN).collect());
    hits.push(hit);
}

/// How bad it is to call this, if it is bad at all.
fn danger(full: &str) -> Option<Severity> {
    // What Python 2 called them.
    let modern = full.strip_prefix("__builtin__.").map(|name| format!("builtins.{name}"));
    let full = modern.as_deref().unwrap_or(full);
    let is_below = |list: &[&str]| list.iter().any(|entry| is_at_or_below(full, entry));
    let of_os = full.strip_prefix("os.").filter(|name| !HARMLESS_OF_OS.iter().any(|harmless| is_at_or_below(name, harmless)));
    if of_os.is_some() || is_below(MODULES) || is_below(NAMES) || is_reached(full) {
        return Some(Severity::High);
    }
    is_below(WEAK).then_some(Severity::Low)
}

fn is_at_or_below(full: &str, entry: &str) -> bool {
    full.strip_prefix(entry).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether a dangerous name stands behind others.
fn is_reached(full: &str) -> bool {
    let reached = |rest: &str| {
        ANYWHERE
            .iter()
            .any(|entry| rest.strip_prefix(entry).is_some_and(|_| is_at_or_below(rest, entry) || entry.starts_with("os.")))
    };
    full.match_indices('.').take(64).any(|(at, _)| full.get(at + 1..).is_some_and(reached))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_told_from_what_builds() {
        let check = |full: &str, expected: Option<Severity>| assert_eq!(danger(full), expected, "{full}");
        for full in [
            "os.system",
            "posix.system",
            "nt.system",
            "subprocess.Popen",
            "__builtin__.eval",
            "builtins.exec",
            "builtins.__import__",
            "runpy._run_code",
            "webbrowser.open",
            "torch.hub.load",
            "pip._internal.main",
            "urllib.request.urlopen",
            "os.path.os.system",
            "torch.serialization.os.system",
            "builtins.eval.__call__",
            "asyncio.create_subprocess_shell",
            "importlib.import_module",
            "sklearn.base.sys.modules",
            "os.execv",
            "numpy.testing._private.utils.runstring",
            "shutil.rmtree",
        ] {
            check(full, Some(Severity::High));
        }
        check("builtins.getattr", Some(Severity::Low));
        for full in [
            "builtins.set",
            "builtins.dict",
            "__builtin__.list",
            "builtins.print",
            "collections.OrderedDict",
            "functools.partial",
            "numpy._core.multiarray._reconstruct",
            "numpy.dtype",
            "numpy.random._pickle.__randomstate_ctor",
            "os.PathLike",
            "torch._utils._rebuild_tensor_v2",
            "torch.FloatStorage",
            "sklearn.linear_model._logistic.LogisticRegression",
            "os.path.join",
            "mymodel.code.Trainer",
            "datetime.datetime",
            "pathlib.PosixPath",
            "_codecs.encode",
            "copyreg._reconstructor",
            "codes.Code",
            "torch.storage._load_from_bytes",
            "joblib.numpy_pickle.NumpyArrayWrapper",
            "cloudpickle.cloudpickle._make_function",
            "ostrich.system",
        ] {
            check(full, None);
        }
    }
}
