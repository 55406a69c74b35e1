//! The detectors that are code, each with the rules that name it.

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
    pub(super) stray: Vec<Arc<Rule>>,
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
                Structure::StrayEnv => all.stray.push(rule),
            }
        }
        all
    }

    /// Runs those that look at any text.
    pub(super) fn detect(&self, bytes: &[u8], hits: &mut Vec<Hit>) {
        url::detect(&self.urls, bytes, hits);
        pem::detect(&self.pems, bytes, hits);
        jwt::detect(&self.jwts, bytes, hits);
        http::basic(&self.basic, bytes, hits);
        docker::detect(&self.docker, bytes, hits);
    }
}
