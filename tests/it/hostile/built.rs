//! Small samples of what builds leave behind, put together by hand.

fn long(length: usize) -> [u8; 4] {
    (length as u32).to_le_bytes()
}

/// A `.pyc` of CPython 3.11 that gives `text` the name `note`.
pub(super) fn pyc(text: &str) -> Vec<u8> {
    let tuple = |item: Vec<u8>| [vec![b')', 1], item].concat();
    let short = |text: &str| [vec![b'Z', text.len() as u8], text.as_bytes().to_vec()].concat();
    let bytes = |bytes: &[u8]| [vec![b's'], long(bytes.len()).to_vec(), bytes.to_vec()].concat();
    [
        b"\xa7\x0d\r\n\0\0\0\0\0\0\0\0\0\0\0\0\xe3".to_vec(),
        vec![0; 20],
        bytes(&[151, 0, 100, 0, 90, 0]),
        tuple([&b"a"[..], &long(text.len()), text.as_bytes()].concat()),
        tuple(short("note")),
        b")\0".to_vec(),
        bytes(b""),
        short("f.py"),
        short("<module>"),
        short("<module>"),
        vec![0; 4],
        bytes(b""),
        bytes(b""),
    ]
    .concat()
}

/// A class file whose static final `note` is `text`.
pub(super) fn class(text: &str) -> Vec<u8> {
    let utf8 = |text: &str| [&[1][..], &(text.len() as u16).to_be_bytes(), text.as_bytes()].concat();
    [
        b"\xca\xfe\xba\xbe\0\0\0\x34\0\x07".to_vec(),
        utf8("Conf"),
        vec![7, 0, 1],
        utf8("note"),
        utf8("ConstantValue"),
        utf8(text),
        vec![8, 0, 5],
        b"\0\x21\0\x02\0\0\0\0".to_vec(),
        b"\0\x01\0\x18\0\x03\0\x03\0\x01\0\x04\0\0\0\x02\0\x06".to_vec(),
        b"\0\0\0\0".to_vec(),
    ]
    .concat()
}

/// A write-ahead log of that page.
pub(super) fn sqlite_log(text: &str) -> Vec<u8> {
    let head = [&b"\x37\x7f\x06\x82"[..], &3_007_000u32.to_be_bytes(), &512u32.to_be_bytes()].concat();
    [&head[..], &[0; 20], &1u32.to_be_bytes(), &[0; 20], &sqlite(text)].concat()
}

/// A database of one page, in whose schema a table has `text` for its statement.
pub(super) fn sqlite(text: &str) -> Vec<u8> {
    let length = text.len() * 2 + 13;
    let types = [7, 23, 15, 15, 8, 0x80 | (length >> 7) as u8, length as u8 & 0x7f];
    let record = [&types[..], b"table", b"t", b"t", text.as_bytes()].concat();
    let cell = [&[record.len() as u8, 1][..], &record].concat();
    let mut page = vec![0; 512];
    page[..16].copy_from_slice(b"SQLite format 3\0");
    page[16..24].copy_from_slice(&[2, 0, 1, 1, 0, 64, 32, 32]);
    (page[27], page[31], page[59], page[95]) = (1, 1, 1, 1);
    let at = 512 - cell.len();
    page[at..].copy_from_slice(&cell);
    page[100..110].copy_from_slice(&[13, 0, 0, 0, 1, (at >> 8) as u8, at as u8, 0, (at >> 8) as u8, at as u8]);
    page
}

fn wide(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// An ELF file for x86-64 whose variable `note` is `text`.
pub(super) fn elf(text: &str) -> Vec<u8> {
    elf_of(&[text.as_bytes(), b"\0"].concat())
}

/// An ELF file with what PyInstaller puts into a section: `text` as a file, and as a note of a module.
pub(super) fn pyinstaller(text: &str) -> Vec<u8> {
    let long = |length: usize| (length as u32).to_be_bytes();
    let (module, magic) = (super::samples::zlib(&pyc(text)[16..]), &pyc(text)[..4]);
    let places = [16, module.len()].map(|number| [&b"i"[..], &(number as u32).to_le_bytes()].concat()).concat();
    let table = [&b"[\x01\0\0\0)\x02z\x01m)\x03i\0\0\0\0"[..], &places].concat();
    let modules = [b"PYZ\0", magic, &long(16 + module.len()), &[0; 4], &module, &table].concat();
    let entry = |at: usize, size: usize, kind: u8, name: &str| {
        [&long(18 + name.len() + 1)[..], &long(at), &long(size), &long(size), &[0, kind], name.as_bytes(), b"\0"].concat()
    };
    let list = [entry(0, text.len(), b'x', "a.txt"), entry(text.len(), modules.len(), b'z', "PYZ.pyz")].concat();
    let at = text.len() + modules.len();
    let end = [b"MEI\x0c\x0b\x0a\x0b\x0e", &long(at + list.len() + 88)[..], &long(at), &long(list.len()), &long(311), &[0; 64]];
    elf_of(&[text.as_bytes(), &modules, &list, &end.concat()].concat())
}

/// The host of a bundle of .NET, and `text` as a file of it.
pub(super) fn dotnet_bundle(text: &str) -> Vec<u8> {
    let mark = [0x8b12_02b9_6a61_2038_u64, 0x727b_9302_14d7_a032, 0x13f5_b9e6_efae_3318, 0xee3b_2dce_24b3_6aae];
    let host = |place: usize| elf_of(&[wide(&[place as u64]), mark.map(u64::to_be_bytes).concat()].concat());
    let at = host(0).len();
    let entry = [wide(&[at as u64, text.len() as u64, 0]), b"\0\x05a.txt".to_vec()].concat();
    let header = [&b"\x06\0\0\0\0\0\0\0\x01\0\0\0\x02id"[..], &[0; 40], &entry].concat();
    [&host(at + text.len()), text.as_bytes(), &header].concat()
}

/// An ELF file for x86-64 whose variable `note` is these bytes.
fn elf_of(text: &[u8]) -> Vec<u8> {
    let text = text.to_vec();
    let (data, symbols) = (64, 64 + text.len() as u64);
    let (names, table) = (symbols + 48, symbols + 48 + 6);
    let section = |name: u32, kind: u32, flags: u64, address: u64, at: u64, size: u64, link: u32| {
        [&name.to_le_bytes()[..], &kind.to_le_bytes(), &wide(&[flags, address, at, size]), &link.to_le_bytes(), &[0; 20]].concat()
    };
    [
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec(),
        wide(&[0, 0, table]),
        b"\0\0\0\0\x40\0\0\0\0\0\x40\0\x04\0\x03\0".to_vec(),
        text.clone(),
        vec![0; 24],
        [&b"\x01\0\0\0\x01\0\x01\0"[..], &wide(&[0x1000, text.len() as u64])].concat(),
        b"\0note\0".to_vec(),
        section(0, 0, 0, 0, 0, 0, 0),
        section(0, 1, 2, 0x1000, data, text.len() as u64, 0),
        section(0, 2, 0, 0, symbols, 48, 3),
        section(0, 3, 0, 0, names, 6, 0),
    ]
    .concat()
}

/// A PE file whose variable `note` is `text`.
pub(super) fn pe(text: &str) -> Vec<u8> {
    let text = [text.as_bytes(), b"\0"].concat();
    let at = 64 + 24 + 112 + 40;
    let symbols = at + text.len();
    let mut optional = vec![0; 112];
    optional[..2].copy_from_slice(&[0x0b, 2]);
    [
        [&b"MZ"[..], &[0; 58], &long(64)].concat(),
        [&b"PE\0\0\x64\x86\x01\0\0\0\0\0"[..], &long(symbols), &long(1), b"\x70\0\x22\0"].concat(),
        optional,
        [&b".data\0\0\0"[..], &long(text.len()), &long(0x1000), &long(text.len()), &long(at), &[0; 12], &long(0x40)].concat(),
        text,
        b"note\0\0\0\0\0\0\0\0\x01\0\0\0\x02\0".to_vec(),
        long(4).to_vec(),
    ]
    .concat()
}

/// A Mach-O file for x86-64 whose variable `note` is `text`.
pub(super) fn mach_o(text: &str) -> Vec<u8> {
    let text = [text.as_bytes(), b"\0"].concat();
    let at = 32 + 152 + 24;
    let (symbols, names) = (at + text.len(), at + text.len() + 16);
    let name = |name: &str| [name.as_bytes(), &vec![0; 16 - name.len()]].concat();
    let size = text.len() as u64;
    [
        [&b"\xcf\xfa\xed\xfe\x07\0\0\x01\x03\0\0\0\x02\0\0\0\x02\0\0\0"[..], &long(176), &[0; 8]].concat(),
        [&long(0x19)[..], &long(152), &name("__DATA"), &wide(&[0x1000, size, at as u64, size]), &[0; 8], &long(1), &[0; 4]]
            .concat(),
        [&name("__const")[..], &name("__DATA"), &wide(&[0x1000, size]), &long(at), &[0; 28]].concat(),
        [&long(2)[..], &long(24), &long(symbols), &long(1), &long(names), &long(7)].concat(),
        text,
        [&b"\x01\0\0\0\x0e\x01\0\0"[..], &wide(&[0x1000])].concat(),
        b"\0_note\0".to_vec(),
    ]
    .concat()
}

/// A file that holds a program for one machine.
pub(super) fn fat(program: &[u8]) -> Vec<u8> {
    let numbers: Vec<u8> =
        [1u32, 0x0100_0007, 3, 28, program.len() as u32, 0].iter().flat_map(|number| number.to_be_bytes()).collect();
    [b"\xca\xfe\xba\xbe", &numbers[..], program].concat()
}

/// The XML of a document whose one paragraph is `text`.
pub(super) fn office(text: &str) -> Vec<u8> {
    let space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    let (first, second) = text.split_at(text.len() / 2);
    format!("<?xml version=\"1.0\"?><w:document xmlns:w=\"{space}\"><w:p><w:r><w:t>{first}</w:t></w:r><w:r><w:t>{second}</w:t></w:r></w:p></w:document>").into_bytes()
}

/// A module whose data holds `text` behind other text, and a table that says so.
pub(super) fn wasm(text: &str) -> Vec<u8> {
    let marked = format!("/rustc/{text}behind it");
    // Memory begins at 1024, so that a length is no address.
    let table = [&long(1024 + 7)[..], &long(text.len())].concat();
    let segment = |at: &[u8], bytes: &[u8]| [&[0, 0x41][..], at, &[0x0b, bytes.len() as u8], bytes].concat();
    let data = [&[2][..], &segment(&[0x80, 8], marked.as_bytes()), &segment(&[0xf8, 8], &table)].concat();
    let data = [&[11, 0x80 | (data.len() & 0x7f) as u8, (data.len() >> 7) as u8][..], &data].concat();
    [b"\0asm\x01\0\0\0".to_vec(), data].concat()
}

/// A compound file whose one stream is `text`.
pub(super) fn compound(text: &str) -> Vec<u8> {
    compound_of(&[("note", text.as_bytes())])
}

/// A compound file of these short streams, three at most.
fn compound_of(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let fill = |bytes: &[u8], size: usize, with: u8| [bytes, &vec![with; size - bytes.len()]].concat();
    let end = 0xffff_fffe_u32;
    let table = |entries: &[u32]| fill(&entries.iter().flat_map(|entry| entry.to_le_bytes()).collect::<Vec<u8>>(), 512, 0xff);
    let entry = |name: &str, kind: u8, start: usize, size: usize| {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let head = fill(&[fill(&name, 66, 0), vec![kind, 1]].concat(), 116, 0);
        [&head[..], &long(start), &long(size), &[0; 4]].concat()
    };
    let chain = |from: usize, count: usize| (from + 1..from + count).map(|next| next as u32).chain([end]);
    let (mut all, mut directory, mut short) = (Vec::new(), Vec::new(), Vec::new());
    for (name, bytes) in streams {
        let at = all.len() / 64;
        all.extend(fill(bytes, bytes.len().next_multiple_of(64), 0));
        directory.extend(entry(name, 2, at, bytes.len()));
        short.extend(chain(at, bytes.len().div_ceil(64)));
    }
    let mut head =
        fill(&[&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], &[0; 16], b"\x3e\0\x03\0\xfe\xff\x09\0\x06\0"].concat(), 44, 0);
    head.extend([1, 1, 0, 4096, 2, 1, end, 0, 0].into_iter().flat_map(u32::to_le_bytes));
    let sectors: Vec<u32> = [0xffff_fffd, end, end].into_iter().chain(chain(3, all.len().div_ceil(512))).collect();
    [
        fill(&head, 512, 0xff),
        table(&sectors),
        fill(&[entry("Root Entry", 5, 3, all.len()), directory].concat(), 512, 0),
        table(&short),
        fill(&all, all.len().next_multiple_of(512), 0),
    ]
    .concat()
}

/// A document of Word with `text` in a piece of bytes, behind one of UTF-16.
pub(super) fn word(text: &str) -> Vec<u8> {
    let mut stream = b"\xec\xa5\xc1\0".to_vec();
    stream.resize(512, 0);
    stream.extend(text.as_bytes());
    let wide = (stream.len(), b"n\0o\0t\0e\0:\0 \0");
    stream.extend(wide.1);
    let places = [0, 6, 6 + text.len()].map(long).concat();
    let pieces = [&[0, 0][..], &long(wide.0), &[0; 4], &long((512 * 2) | (1 << 30)), &[0, 0]].concat();
    let table = [&b"\x02"[..], &long(places.len() + pieces.len()), &places, &pieces].concat();
    stream[0x1a6..0x1aa].copy_from_slice(&long(table.len()));
    compound_of(&[("WordDocument", &stream), ("0Table", &table)])
}

/// Rows of PostgreSQL, in which `text` is a note.
pub(super) fn copy_rows(text: &str) -> Vec<u8> {
    format!("COPY shop.users (id, note) FROM stdin;\n1\t{}\n\\.\n", text.trim_end()).into_bytes()
}

/// An archive of PostgreSQL 15 with these rows, as they are or packed.
pub(super) fn postgres(text: &str, is_packed: bool) -> Vec<u8> {
    let int = |number: usize| [&[0][..], &long(number)].concat();
    let texts =
        |texts: &[&str]| texts.iter().map(|text| [&int(text.len())[..], text.as_bytes()].concat()).collect::<Vec<_>>().concat();
    let rows = format!("1\t{}\n\\.\n", text.trim_end());
    let rows = if is_packed { super::samples::zlib(rows.as_bytes()) } else { rows.into_bytes() };
    let copy = "COPY shop.users (id, note) FROM stdin;\n";
    [
        [&b"PGDMP\x01\x0e\0\x04\x08\x01"[..], &int(is_packed.into()), &int(0).repeat(7), &texts(&["shop", "15", "15"]), &int(1)]
            .concat(),
        [int(7), int(1), texts(&["0", "0", "users", "TABLE DATA"]), int(3)].concat(),
        texts(&["", "", copy, "shop", "", "heap", "owner", "false"]),
        [&b"\x01"[..], &long(1), b"\x02", &[0; 8], b"\x01", &int(7), &int(rows.len()), &rows, &int(0)].concat(),
    ]
    .concat()
}

/// A workbook in which `text` stands beside `note`.
pub(super) fn workbook(text: &str) -> Vec<u8> {
    let short = |number: usize| (number as u16).to_le_bytes();
    let record = |kind: u16, data: &[u8]| [&kind.to_le_bytes()[..], &short(data.len()), data].concat();
    let letters = |text: &str| [&short(text.len())[..], &[0], text.as_bytes()].concat();
    let start = |kind: u8| record(0x809, &[&[0, 6, kind, 0][..], &[0; 12]].concat());
    let cell = |column: u8| record(0xfd, &[0, 0, column, 0, 0, 0, column, 0, 0, 0]);
    let texts = [&long(2)[..], &long(2), &letters("note"), &letters(text)].concat();
    [
        start(5),
        record(0x85, b"\0\0\0\0\0\0\x01\0a"),
        record(0xfc, &texts),
        record(10, b""),
        start(16),
        cell(0),
        cell(1),
        record(10, b""),
    ]
    .concat()
}

/// A presentation that has `text` in the notes of a slide.
pub(super) fn presentation(text: &str) -> Vec<u8> {
    let record = |version: u8, kind: u16, data: &[u8]| [&[version, 0][..], &kind.to_le_bytes(), &long(data.len()), data].concat();
    let notes = [record(0, 0xfa8, text.as_bytes()), record(0, 0xfa0, b"o\0n\0e\0")].concat();
    let records = [record(1, 0x3e9, &[0; 40]), record(15, 0x3f0, &notes), record(0, 0x3ea, b"")];
    record(15, 0x3e8, &records.concat())
}

/// A PDF of one page that shows `text`.
pub(super) fn pdf(text: &str) -> Vec<u8> {
    let page = super::samples::zlib(format!("BT /F1 9 Tf ({}) Tj ET", text.trim_end()).as_bytes());
    let head = format!("%PDF-1.7\n1 0 obj\n<</Filter/FlateDecode/Length {}>>\nstream\n", page.len());
    [head.as_bytes(), &page, b"\nendstream\nendobj\n%%EOF"].concat()
}

/// The same with its page as it is, and settings.
pub(super) fn pdf_as_it_is(text: &str) -> Vec<u8> {
    let page = format!("BT /F1 9 Tf ({}) Tj ET", text.trim_end());
    let settings = "2 0 obj\n<</Author (me) /Title <6d65>>>\nendobj\n";
    format!("%PDF-1.7\n{settings}1 0 obj\n<</Length {}>>\nstream\n{page}\nendstream\nendobj\n%%EOF", page.len()).into_bytes()
}

/// An archive of Electron with one file.
pub(super) fn asar(text: &str) -> Vec<u8> {
    let tree = format!(r#"{{"files":{{"note":{{"size":{},"offset":"0"}}}}}}"#, text.len());
    let padded = tree.len().next_multiple_of(4);
    let numbers = [long(4), long(padded + 8), long(padded + 4), long(tree.len())].concat();
    [&numbers[..], tree.as_bytes(), &vec![0; padded - tree.len()], text.as_bytes()].concat()
}

/// A cabinet with one file that is stored.
pub(super) fn cabinet(text: &str) -> Vec<u8> {
    let (files, data) = (36 + 8, 36 + 8 + 16 + 5);
    let length = text.len();
    [
        [&b"MSCF\0\0\0\0"[..], &long(data + 8 + length), &[0; 4], &long(files), &[0; 4], &[3, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0]]
            .concat(),
        [&long(data)[..], &[1, 0, 0, 0]].concat(),
        [&long(length)[..], &[0; 12], b"note\0"].concat(),
        [&[0; 4][..], &(length as u16).to_le_bytes(), &(length as u16).to_le_bytes(), text.as_bytes()].concat(),
    ]
    .concat()
}

/// A RAR archive with one file that is stored.
pub(super) fn rar(text: &str) -> Vec<u8> {
    let block = |fields: &[u8]| [&[0; 4][..], &[fields.len() as u8], fields].concat();
    let length = text.len() as u8;
    let file = [&[2, 2, length, 0, length, 0, 0, 0, 4][..], b"note"].concat();
    [b"Rar!\x1a\x07\x01\0".to_vec(), block(&[1, 0, 0]), block(&file), text.as_bytes().to_vec(), block(&[5, 0, 0])].concat()
}

/// A RAR archive with a file that is packed.
pub(super) fn rar_packed(text: &str) -> Vec<u8> {
    let mut archive = rars::Builder::new(rars::ArchiveVersion::Rar50);
    archive.add_bytes(b"a.txt".to_vec(), [text.as_bytes(), &b"and so on ".repeat(9)].concat(), None, None).unwrap();
    archive.to_bytes().unwrap()
}

/// A stream of Brotli: a window of 64 KiB, a block that is not packed, the end.
pub(super) fn brotli_as_it_is(text: &str) -> Vec<u8> {
    // A bit of the window, three of what comes, sixteen of the length less one, one of how it is kept.
    let header = (text.len() as u32 - 1) << 4 | 1 << 20;
    [&header.to_le_bytes()[..3], text.as_bytes(), &[3]].concat()
}

/// An EROFS image of blocks of 512 bytes with one file, whose data is behind its inode.
pub(super) fn erofs(text: &str) -> Vec<u8> {
    let inode = |mode: u16, behind: &[u8]| {
        let fields = [&[4, 0, 0, 0][..], &mode.to_le_bytes(), &[1, 0], &long(behind.len()), &[0; 20], behind].concat();
        let size = fields.len().next_multiple_of(32);
        [fields.clone(), vec![0; size - fields.len()]].concat()
    };
    let listing = [&2u64.to_le_bytes()[..], &[12, 0, 1, 0], b"note"].concat();
    let mut bytes = vec![0; 1024];
    bytes.extend([&b"\xe2\xe1\xf5\xe0"[..], &[0; 8], &[9, 0, 0, 0], &[0; 20], &[4, 0, 0, 0, 3, 0, 0, 0]].concat());
    bytes.resize(3 * 512, 0);
    bytes.extend([inode(0x41ed, &listing), inode(0x81a4, text.as_bytes())].concat());
    bytes.resize(4 * 512, 0);
    bytes
}

/// A swap file of vim with blocks of 1048 bytes, for the file `a.txt` of one line.
pub(super) fn vim_swap(text: &str) -> Vec<u8> {
    let size = 1048;
    let padded = |bytes: Vec<u8>| [&bytes[..], &vec![0; size - bytes.len()]].concat();
    let line = [text.trim_end().as_bytes(), b"\0"].concat();
    let at = size - line.len();
    let head = [&b"b0VIM 9.0\0\0\0"[..], &long(size), &[0; 92], b"a.txt"].concat();
    let pointer = [&b"tp\x01\0\x20\0\0\0"[..], &wide(&[2, 1, 1]), &long(1)].concat();
    let index = [&b"ad\0\0"[..], &long(at - 28), &long(at), &long(size), &long(1), &[0; 4], &long(at)].concat();
    let free = vec![0; at - index.len()];
    [padded(head), padded(pointer), index, free, line].concat()
}

/// A document of an id and a text.
pub(super) fn bson(text: &str) -> Vec<u8> {
    let value = [&long(text.len() + 1)[..], text.as_bytes(), b"\0"].concat();
    let elements = [&b"\x07_id\0abcdefghijkl\x02note\0"[..], &value, b"\0"].concat();
    [&long(elements.len() + 4)[..], &elements].concat()
}

/// An archive of one collection with one document.
pub(super) fn bson_archive(text: &str) -> Vec<u8> {
    let named =
        |name: &str, text: &str| [b"\x02", name.as_bytes(), b"\0", &long(text.len() + 1), text.as_bytes(), b"\0"].concat();
    let document = |elements: &[Vec<u8>]| [&long(elements.concat().len() + 5)[..], &elements.concat(), b"\0"].concat();
    let (collection, mark) = ([named("db", "shop"), named("collection", "users")], [0xff; 4]);
    let about = document(&[named("version", "0.1"), named("tool_version", "100.9.4")]);
    let end = document(&[collection.concat(), b"\x08EOF\0\x01".to_vec()]);
    let blocks = [&document(&collection)[..], &bson(text), &mark, &end, &mark].concat();
    [b"\x6d\xe2\x99\x81", &about[..], &document(&collection), &mark, &blocks].concat()
}

/// The swap file of a big-endian machine.
pub(super) fn vim_swap_big(text: &str) -> Vec<u8> {
    let size = 1048;
    let big = |number: usize| (number as u32).to_be_bytes();
    let padded = |bytes: Vec<u8>| [&bytes[..], &vec![0; size - bytes.len()]].concat();
    let line = [text.trim_end().as_bytes(), b"\0"].concat();
    let at = size - line.len();
    let head = [&b"b0VIM 9.0\0\0\0"[..], &long(size), &[0; 92], b"a.txt"].concat();
    let pointer = [&b"pt\0\x01\0\x20\0\0"[..], &[2u64, 1, 1].map(u64::to_be_bytes).concat(), &big(1)].concat();
    let index = [&b"da\0\0"[..], &big(at - 28), &big(at), &big(size), &[0; 4], &big(1), &big(at)].concat();
    let free = vec![0; at - index.len()];
    [padded(head), padded(pointer), index, free, line].concat()
}

/// A picture of no pixels, with a text that says `note`.
pub(super) fn png(text: &str) -> Vec<u8> {
    let chunk = |kind: &str, data: &[u8]| {
        let data = [kind.as_bytes(), data].concat();
        let mut sum = flate2::Crc::new();
        sum.update(&data);
        [&(data.len() as u32 - 4).to_be_bytes(), data.as_slice(), &sum.sum().to_be_bytes()].concat()
    };
    let header = chunk("IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    let note = chunk("tEXt", &[b"note\0", text.as_bytes()].concat());
    [b"\x89PNG\r\n\x1a\n".to_vec(), header, note, chunk("IDAT", &[0; 9]), chunk("IEND", b"")].concat()
}
