//! Programs that unpack themselves: packers that are not undone, and files that lie in a program's data.
//!
//! UPX (its magic, `UPX!`), AppImage of type 1 (`AppImageSpec`), bundles of .NET, Nuitka's `--onefile` (no specification: a
//! mark, and frames of zstd with all files one behind the other).

use super::bundle;
use super::layout::{Kind, Layout, chunks};
use super::pages::Pages;
use memchr::memmem::Finder;

/// How much of a program's start is looked through for the mark of a packer.
pub(super) const START: usize = 4096;

/// Begins what Nuitka packs, back to front: its mark, then the first frame. This program holds none.
const NUITKA: [u8; 7] = *b"\xfd\x2f\xb5\x28YAK";
/// Bytes of the mark alone.
const MARK: u64 = 3;

/// What was written back to front in this program, the right way round. The compiler must not do that for us.
pub(super) fn turned<const N: usize>(mark: [u8; N]) -> [u8; N] {
    let mut mark = std::hint::black_box(mark);
    mark.reverse();
    mark
}

/// Files that lie in the data of a program, or to which it leads.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    /// Where the header of a bundle of .NET stands.
    pub(super) bundle: Option<u64>,
    /// Where the frames of Nuitka stand.
    pub(super) nuitka: Option<u64>,
}

impl Held {
    /// Looks for them in the data of a program.
    pub(super) fn find(pages: &mut Pages<'_>, layout: &Layout) -> Self {
        let (host, nuitka, mut held) = (bundle::mark(), turned(NUITKA), Self::default());
        let (host, nuitka) = (Finder::new(&host), Finder::new(&nuitka));
        for section in layout.of(Kind::Data) {
            chunks(pages, (section.at, section.size), bundle::MARKED, |_, at, bytes| {
                held.bundle = held.bundle.or_else(|| bundle::header(bytes, &host));
                held.nuitka = held.nuitka.or_else(|| nuitka.find(bytes).map(|found| at + found as u64 + MARK));
            });
        }
        held
    }
}

/// Which packer made of a program what begins so, if that hides what the program holds.
pub(super) fn packer(start: &[u8]) -> Option<&'static str> {
    if memchr::memmem::find(start, b"UPX!").is_some() {
        return Some("UPX");
    }
    // The same file is an image of ISO 9660, whose files are deflated.
    (start.get(8..11) == Some(b"AI\x01")).then_some("AppImage, type 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packers_are_known() {
        let check = |start: &[u8], expected| assert_eq!(packer(start), expected);
        check(b"\x7fELF\x02\x01\x01\0AI\x01", Some("AppImage, type 1"));
        check(b"\x7fELF\x02\x01\x01\0AI\x02", None);
        check(b"\x7fELF and UPX!", Some("UPX"));
        check(b"", None);
    }
}
