//! Every limit in one place. None loses bytes that could still be read: past each one the raw
//! bytes are scanned and a gap is recorded.

/// How far the scan goes before it protects itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Archives inside archives, counted inside one file of a layer. A tar in a compressed stream
    /// counts with it as one.
    pub depth: u32,
    /// A member up to this size is held in memory, and may go to another thread whole.
    pub hold: usize,
    /// A flat member longer than this is cut into windows of this size.
    pub window: usize,
    /// Small members are gathered until a batch has this many bytes.
    pub batch: usize,
    /// Bytes that may be in flight between the threads at a time.
    pub gauge: usize,
    /// What one file may unpack to, all that is nested in it together: this many bytes …
    pub expansion_floor: u64,
    /// … plus this many times its own size.
    pub expansion_ratio: u64,
    /// The body of a tar extension header (PAX records, a GNU long name) that is kept.
    pub extension_body: usize,
    /// A manifest, index or config document that is parsed. Longer ones are scanned as text.
    pub document: usize,
    /// Entries of all layers together whose names are remembered to tell deleted from live.
    pub ledger: usize,
    /// A record of a package manager that is read to know whose files are whose …
    pub package_record: usize,
    /// … or of all packages in one, as rpm keeps it …
    pub package_database: usize,
    /// … and packages and files of all such records that are remembered.
    pub packages: usize,
    /// Bytes that commits and trees of repositories take, of which the paths of their files are known.
    pub history: usize,
    /// Members of one outer archive (`docker save`, OCI tar) that are indexed.
    pub index: usize,
    /// Bytes of an unlinked temporary file, for formats that must seek.
    pub spill: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 8,
            hold: 4 << 20,
            window: 1 << 20,
            batch: 256 << 10,
            gauge: 24 << 20,
            expansion_floor: 64 << 20,
            expansion_ratio: 200,
            extension_body: 1 << 20,
            document: 4 << 20,
            ledger: 2_000_000,
            package_record: 8 << 20,
            package_database: 48 << 20,
            packages: 500_000,
            history: 24 << 20,
            index: 500_000,
            spill: 64 << 30,
        }
    }
}
