//! Archives and compressed streams.

mod gzip;
mod parts;
mod tar;
mod tar_extensions;
mod tar_header;
mod zip;
mod zip_sweep;
mod zlib;
mod zstd;

pub use gzip::Gzip;
pub use tar::Tar;
pub use zip::Zip;
pub use zlib::Zlib;
pub use zstd::Zstd;
