//! The detectors that are code, each with the rules that name it and the literal that calls it.

use super::url::UrlRule;
use super::{Hit, docker, http, jwt, pem, url};
use crate::rules::{Form, Rule, Structure};
use std::sync::Arc;

/// The structural rules of a set, by detector.
#[derive(Debug, Default)]
pub(super) struct Structural {
    urls: Vec<UrlRule>,
    pems: Vec<(Arc<Rule>, Vec<String>)>,
    jwts: Vec<(Arc<Rule>, Vec<String>)>,
    basic: Vec<Arc<Rule>>,
    docker: Vec<Arc<Rule>>,
    pub(super) stores: Vec<Arc<Rule>>,
    pub(super) stray: Vec<Arc<Rule>>,
    pub(super) imports: Vec<Arc<Rule>>,
}

/// What calls a detector, found by the literal pass.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    Url,
    Pem,
    Jwt,
    Basic,
    Docker,
}

/// What the detectors remember while they pass over one text.
#[derive(Debug, Default)]
pub(super) struct Progress {
    jwt: jwt::Progress,
    /// Whether the text names registries.
    has_auths: bool,
}

impl Structural {
    /// Takes the structural rules of a set.
    pub(super) fn new(rules: &[Arc<Rule>]) -> Self {
        let mut all = Self::default();
        for rule in rules {
            let Form::Structural { structure, schemes, hosts, labels, issuers, .. } = &rule.form else { continue };
            let rule = Arc::clone(rule);
            match structure {
                Structure::Url => all.urls.push(UrlRule { rule, schemes: schemes.clone(), hosts: hosts.clone() }),
                Structure::Pem => all.pems.push((rule, labels.clone())),
                Structure::Jwt => all.jwts.push((rule, issuers.clone())),
                Structure::BasicAuth => all.basic.push(rule),
                Structure::DockerAuth => all.docker.push(rule),
                // `assign` takes these itself.
                Structure::Assignment | Structure::CommandLine => {}
                Structure::KeyStore => all.stores.push(rule),
                Structure::StrayEnv => all.stray.push(rule),
                Structure::UnsafeImport => all.imports.push(rule),
            }
        }
        all
    }

    /// What the literal pass is to look for, so that [`Self::at`] is called there.
    pub(super) fn literals(&self) -> impl Iterator<Item = (&'static [u8], Mark)> {
        let marks: [(&[u8], Mark, bool); 5] = [
            (url::MARK, Mark::Url, self.urls.is_empty()),
            (pem::BEGIN, Mark::Pem, self.pems.is_empty()),
            (jwt::MARK, Mark::Jwt, self.jwts.is_empty()),
            (http::MARK, Mark::Basic, self.basic.is_empty()),
            (docker::MARK, Mark::Docker, self.docker.is_empty()),
        ];
        marks.into_iter().filter(|(.., unused)| !unused).map(|(text, mark, _)| (text, mark))
    }

    /// Runs the detector whose mark stands at `at`.
    pub(super) fn at(&self, bytes: &[u8], mark: Mark, at: usize, progress: &mut Progress, hits: &mut Vec<Hit>) {
        match mark {
            Mark::Url => url::at(&self.urls, bytes, at, hits),
            Mark::Pem => pem::at(&self.pems, bytes, at, hits),
            Mark::Jwt => jwt::at(&self.jwts, bytes, at, &mut progress.jwt, hits),
            Mark::Basic => http::basic(&self.basic, bytes, at, hits),
            Mark::Docker => progress.has_auths |= docker::at(&self.docker, bytes, at, hits),
        }
    }

    /// Looks for what only all of a text calls for.
    pub(super) fn finish(&self, bytes: &[u8], progress: &Progress, hits: &mut Vec<Hit>) {
        if progress.has_auths {
            docker::passwords(&self.docker, bytes, hits);
        }
    }
}
