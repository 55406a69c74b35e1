//! watertight audits what is about to ship.

pub mod blob;
pub mod extract;
pub mod finding;
pub mod image;
pub mod limits;
pub mod place;
pub mod secret;
pub mod slice;
