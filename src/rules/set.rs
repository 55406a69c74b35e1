//! Sets of rules: read from the program or from files, brought together, told apart by a digest.

use super::compiled::{self, Refusal, Rule};
use super::{BUILTIN, Origin, Remark, RuleError, RuleFile, gitleaks, written};
use crate::blob::Digest;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rules that were read, validated and compiled.
#[derive(Debug, Default)]
pub struct RuleSet {
    pub(super) rules: Vec<Arc<Rule>>,
    /// For each rule, where it is written.
    pub(super) origins: Vec<Origin>,
    /// What the files ask for and is not done.
    notes: Vec<Remark>,
    /// Ids of rules that are not to be used of the set that this one is added to, with the file that says so.
    disabled: Vec<(String, String)>,
    pub(super) digest: String,
}

/// What reading files gave: the rules that can be used, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The rules that can be used.
    pub set: RuleSet,
    /// In the order of the files.
    pub faults: Vec<RuleError>,
}

impl RuleSet {
    /// The rules that come with the program. A test verifies them, so that not every start has to.
    pub fn builtin() -> Result<Self, RuleError> {
        let file = |(name, text): &(&'static str, &'static str)| RuleFile {
            name: (*name).to_owned(),
            text: Cow::Borrowed(*text),
            is_builtin: true,
        };
        Loaded::of(BUILTIN.iter().map(file).collect(), false).strict()
    }

    /// Rules from texts: the name of each file, for messages, and what it holds.
    pub fn parse<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Result<Self, RuleError> {
        Loaded::texts(files).strict()
    }

    /// Every `*.toml` directly in `directory`, sorted by file name.
    pub fn load_dir(directory: &Path) -> Result<Self, RuleError> {
        Loaded::from_path(directory)?.strict()
    }

    /// These rules and `others`, of which one goes before the one here with the same id.
    pub fn with(mut self, others: Self) -> Self {
        for (file, id) in others.disabled {
            let kept = self.rules.len();
            let is_other = |(rule, _): &(Arc<Rule>, Origin)| rule.label.id != id;
            let all = std::mem::take(&mut self.rules).into_iter().zip(std::mem::take(&mut self.origins));
            (self.rules, self.origins) = all.filter(is_other).unzip();
            if self.rules.len() == kept {
                let message = format!("disabledRules: no rule here has the id `{id}`");
                self.notes.push(Remark { file, line: None, id: String::new(), field: "", message, is_loss: true });
            }
        }
        let places: HashMap<String, usize> =
            self.rules.iter().enumerate().map(|(at, rule)| (rule.label.id.clone(), at)).collect();
        for (rule, origin) in others.rules.into_iter().zip(others.origins) {
            match places.get(&rule.label.id).and_then(|at| Some((self.rules.get_mut(*at)?, self.origins.get_mut(*at)?))) {
                Some(place) => (*place.0, *place.1) = (rule, origin),
                None => {
                    self.rules.push(rule);
                    self.origins.push(origin);
                }
            }
        }
        self.notes.extend(others.notes);
        self.digest = Digest::sha256(format!("{}\n{}", self.digest, others.digest).as_bytes()).as_str().to_owned();
        self
    }

    /// The rules, in the order of their files.
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// Each rule with where it is written.
    pub fn written(&self) -> impl Iterator<Item = (&Arc<Rule>, &Origin)> {
        self.rules.iter().zip(&self.origins)
    }

    /// What the files ask for and is not done.
    pub fn notes(&self) -> &[Remark] {
        &self.notes
    }

    /// How many rules.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// `sha256:…` over the names and texts of all files, and what was chosen of them: what a report says it was
    /// made with.
    pub fn digest(&self) -> String {
        self.digest.clone()
    }
}

impl Loaded {
    /// From texts: the name of each file, for messages, and what it holds.
    pub fn texts<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Self {
        let file = |(name, text): &(N, T)| RuleFile {
            name: name.as_ref().to_owned(),
            text: Cow::Owned(text.as_ref().to_owned()),
            is_builtin: false,
        };
        Self::of(files.iter().map(file).collect(), true)
    }

    /// From a file, or every `*.toml` directly in a folder, sorted by name.
    ///
    /// # Errors
    /// If nothing can be read. What is wrong with single rules is in the result.
    pub fn from_path(path: &Path) -> Result<Self, RuleError> {
        let failed = |path: &Path, source| RuleError::Read { path: path.to_owned(), source };
        let mut paths = vec![path.to_owned()];
        if path.is_dir() {
            paths = toml_files(path).map_err(|error| failed(path, error))?;
            if paths.is_empty() {
                return Err(RuleError::Empty { path: path.to_owned() });
            }
        }
        let mut files = Vec::new();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
            files.push(RuleFile { name: path.display().to_string(), text: text.into(), is_builtin: false });
        }
        Ok(Self::of(files, true))
    }

    /// All rules, or the first fault.
    ///
    /// # Errors
    /// The first fault.
    pub fn strict(self) -> Result<RuleSet, RuleError> {
        self.faults.into_iter().next().map_or(Ok(self.set), Err)
    }

    fn of(files: Vec<RuleFile>, verified: bool) -> Self {
        let mut all = Self::default();
        let mut ids = HashSet::new();
        let mut texts = Vec::new();
        for file in files {
            // Where a file lies is not what it says.
            for part in [file.name.rsplit('/').next().unwrap_or_default(), file.text.as_ref()] {
                texts.extend_from_slice(part.as_bytes());
                texts.push(0);
            }
            all.add(&Arc::new(file), &mut ids, verified);
        }
        all.set.digest = Digest::sha256(&texts).as_str().to_owned();
        all
    }

    fn add(&mut self, file: &Arc<RuleFile>, ids: &mut HashSet<String>, verified: bool) {
        if !file.is_builtin && gitleaks::is_one(&file.text) {
            return self.add_expressions(file, ids);
        }
        let parsed = match written::parse(&file.name, &file.text) {
            Ok(parsed) => parsed,
            Err(error) => return self.faults.push(error),
        };
        for (index, (id, compiled)) in compiled::compile(parsed).into_iter().enumerate() {
            let origin = Origin { file: Arc::clone(file), header: "[[rule]]", index };
            let sound = compiled.and_then(|rule| if verified { rule.verify().map(|()| rule) } else { Ok(rule) });
            self.take(origin, id, sound, ids);
        }
    }

    fn take(&mut self, origin: Origin, id: String, sound: Result<Rule, Refusal>, ids: &mut HashSet<String>) {
        match sound {
            Ok(_) if !ids.insert(id.clone()) => self.fault(&origin, id, ("id", "another rule has this id".to_owned())),
            Ok(rule) => {
                self.set.rules.push(Arc::new(rule));
                self.set.origins.push(origin);
            }
            Err(refusal) => self.fault(&origin, id, refusal),
        }
    }

    /// Takes in a file in the shape of gitleaks.
    fn add_expressions(&mut self, file: &Arc<RuleFile>, ids: &mut HashSet<String>) {
        match gitleaks::read(file) {
            Ok(read) => {
                for (origin, id, rule) in read.rules {
                    let sound = rule.and_then(|rule| rule.verify().map(|()| rule));
                    self.take(origin, id, sound, ids);
                }
                self.set.notes.extend(read.notes);
                self.set.disabled.extend(read.disabled.into_iter().map(|id| (file.name.clone(), id)));
            }
            Err(message) => self.faults.push(RuleError::Written { file: file.name.clone(), message }),
        }
    }

    fn fault(&mut self, origin: &Origin, id: String, (field, message): Refusal) {
        let (file, line) = (origin.file.name.clone(), Some(origin.line_of(field)));
        self.faults.push(RuleError::Rule(Remark { file, line, id, field, message, is_loss: true }));
    }
}

/// Every `*.toml` directly in a folder.
fn toml_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
