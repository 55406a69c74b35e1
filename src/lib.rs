//! watertight audits what is about to ship.

pub mod blob;
pub mod detect;
pub mod finding;
pub mod forge;
pub mod limits;
pub mod place;
pub mod rules;
pub mod secret;
