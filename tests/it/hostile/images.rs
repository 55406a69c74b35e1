//! Samples of file system images and of 7z: structures by hand, with all that is in them stored.

/// For each extractor of such an image, by name, bytes that it opens.
pub(super) fn samples(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let files: [(&str, &[u8]); 2] = [("a.txt", text.as_bytes()), ("b", b"nothing")];
    vec![
        ("7z", sevenz(&files)),
        ("squashfs", squashfs("a.txt", text.as_bytes())),
        ("sif", sif(&[("definition", b"Bootstrap: scratch\n"), ("environment", text.as_bytes())])),
        ("ext4", ext4("a.txt", text.as_bytes())),
        ("iso9660", iso("A.TXT;1", text.as_bytes())),
    ]
}

/// Files stored in one stream. Numbers stay below 128, or have two bytes.
pub(crate) fn sevenz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let number = |value: usize| if value < 128 { vec![value as u8] } else { vec![0x80 | (value >> 8) as u8, value as u8] };
    let data: Vec<u8> = files.iter().flat_map(|(_, bytes)| bytes.to_vec()).collect();
    let mut header = vec![1, 4, 6, 0, 1, 9];
    header.extend(number(data.len()));
    // One folder of one coder, which copies.
    header.extend([0, 7, 0x0b, 1, 0, 1, 1, 0, 0x0c]);
    header.extend(number(data.len()));
    header.extend([0, 8, 0x0d, files.len() as u8, 9]);
    header.extend(files[..files.len() - 1].iter().flat_map(|(_, bytes)| number(bytes.len())));
    header.extend([0x0a, 1]);
    header.extend(files.iter().flat_map(|(_, bytes)| crc32fast::hash(bytes).to_le_bytes()));
    header.extend([0, 0, 5, files.len() as u8, 0x11]);
    let names: Vec<u8> = files
        .iter()
        .flat_map(|(name, _)| format!("{name}\0").encode_utf16().collect::<Vec<_>>())
        .flat_map(u16::to_le_bytes)
        .collect();
    header.extend(number(names.len() + 1));
    header.push(0);
    header.extend(names);
    header.extend([0, 0]);
    let mut start = (data.len() as u64).to_le_bytes().to_vec();
    start.extend((header.len() as u64).to_le_bytes());
    start.extend(crc32fast::hash(&header).to_le_bytes());
    let sum = crc32fast::hash(&start).to_le_bytes();
    [&b"7z\xbc\xaf\x27\x1c\0\x04"[..], &sum, &start, &data, &header].concat()
}

/// One file in the root directory, nothing of it compressed.
pub(crate) fn squashfs(name: &str, bytes: &[u8]) -> Vec<u8> {
    let stored = |block: &[u8]| [&(0x8000 | block.len() as u16).to_le_bytes()[..], block].concat();
    let inode =
        |kind: u16, number: u32| [&kind.to_le_bytes()[..], &[0xa4, 1, 0, 0, 0, 0, 0, 0, 0, 0], &number.to_le_bytes()].concat();
    let numbers = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>();
    // A header of one entry, whose inode is the first.
    let listing =
        [&numbers(&[0, 0, 1])[..], &[0, 0, 0, 0, 2, 0], &(name.len() as u16 - 1).to_le_bytes(), name.as_bytes()].concat();
    let file = [inode(2, 1), numbers(&[96, u32::MAX, 0, bytes.len() as u32, 1 << 24 | bytes.len() as u32])].concat();
    let directory = [inode(1, 2), numbers(&[0, 2]), (listing.len() as u16 + 3).to_le_bytes().to_vec(), vec![0; 6]].concat();
    let (inodes, directories) = (stored(&[&file[..], &directory].concat()), stored(&listing));
    let inodes_at = 96 + bytes.len() as u64;
    let directories_at = inodes_at + inodes.len() as u64;
    let end = directories_at + directories.len() as u64;
    let mut image = b"hsqs".to_vec();
    image.extend(numbers(&[2, 0, 4096, 0]));
    image.extend([1, 0, 12, 0, 0, 0, 0, 0, 4, 0, 0, 0]);
    for field in [file.len() as u64, end, end, u64::MAX, inodes_at, directories_at, end, u64::MAX] {
        image.extend(field.to_le_bytes());
    }
    [&image[..], bytes, &inodes, &directories].concat()
}

/// Objects by name behind a table of descriptors.
pub(crate) fn sif(objects: &[(&str, &[u8])]) -> Vec<u8> {
    let mut image = b"#!/usr/bin/env run-singularity\n\0SIF_MAGIC\x0001\0".to_vec();
    image.resize(88, 0);
    for field in [objects.len() as u64, 128] {
        image.extend(field.to_le_bytes());
    }
    image.resize(128, 0);
    let mut at = 128 + 585 * objects.len();
    for (name, bytes) in objects {
        let mut descriptor = vec![0; 585];
        descriptor[..5].copy_from_slice(&[1, 0x40, 0, 0, 1]);
        descriptor[17..25].copy_from_slice(&(at as u64).to_le_bytes());
        descriptor[25..33].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
        descriptor[73..73 + name.len()].copy_from_slice(name.as_bytes());
        image.extend(descriptor);
        at += bytes.len();
    }
    image.extend(objects.iter().flat_map(|(_, bytes)| bytes.to_vec()));
    image
}

/// One file in the root directory.
pub(crate) fn iso(name: &str, bytes: &[u8]) -> Vec<u8> {
    iso_of(&[(name, bytes.len())], bytes)
}

/// Files in the root directory that all begin at the first of these bytes.
pub(crate) fn iso_of(files: &[(&str, usize)], bytes: &[u8]) -> Vec<u8> {
    const SECTOR: usize = 2048;
    let record = |name: &[u8], sector: u32, size: usize, flags: u8| {
        let mut record = vec![0; (33 + name.len()).next_multiple_of(2)];
        record[0] = record.len() as u8;
        record[2..6].copy_from_slice(&sector.to_le_bytes());
        record[10..14].copy_from_slice(&(size as u32).to_le_bytes());
        record[25] = flags;
        record[32] = name.len() as u8;
        record[33..33 + name.len()].copy_from_slice(name);
        record
    };
    let mut image = vec![0; 16 * SECTOR];
    image.extend(b"\x01CD001\x01");
    image.resize(16 * SECTOR + 128, 0);
    image.extend([0, 8, 8, 0]);
    image.resize(16 * SECTOR + 156, 0);
    image.extend(record(&[0], 18, SECTOR, 2));
    image.resize(17 * SECTOR, 0);
    image.extend(b"\xffCD001\x01");
    image.resize(18 * SECTOR, 0);
    let links = [record(&[0], 18, SECTOR, 2), record(&[1], 18, SECTOR, 2)];
    let files = files.iter().map(|(name, size)| record(name.as_bytes(), 19, *size, 0));
    image.extend(links.into_iter().chain(files).flatten());
    image.resize(19 * SECTOR, 0);
    image.extend(bytes);
    image
}

/// One file in the root directory: superblock, descriptors, inodes, directory and file in blocks of 1 KiB.
pub(crate) fn ext4(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut image = vec![0; 6 << 10];
    let mut put = |at: usize, field: &[u8]| image[at..at + field.len()].copy_from_slice(field);
    // 16 inodes, 7 blocks, the first block of data, inodes in a group, magic, state, behaviour on errors.
    for (at, number) in [(0x00, 16u32), (0x04, 7), (0x14, 1), (0x28, 16), (0x38, 0x0001_ef53), (0x3c, 1)] {
        put(1024 + at, &number.to_le_bytes());
    }
    put(2048 + 8, &3u32.to_le_bytes());
    // The root directory by a list of blocks, the file, inode 12, by one extent.
    let (root, file) = (3072 + 128, 3072 + 11 * 128);
    put(root, &0o040_755u16.to_le_bytes());
    put(root + 4, &1024u32.to_le_bytes());
    put(root + 0x28, &5u32.to_le_bytes());
    put(file, &0o100_644u16.to_le_bytes());
    put(file + 4, &(bytes.len() as u32).to_le_bytes());
    put(file + 0x20, &0x0008_0000u32.to_le_bytes());
    put(file + 0x28, &[0x0a, 0xf3, 1, 0, 4, 0, 0, 0]);
    put(file + 0x28 + 16, &[1, 0, 0, 0, 6, 0, 0, 0]);
    let entry = |number: u32, length: u16, name: &str| {
        [&number.to_le_bytes()[..], &length.to_le_bytes(), &[name.len() as u8, 0], name.as_bytes()].concat()
    };
    put(5120, &entry(2, 12, "."));
    put(5132, &entry(2, 12, ".."));
    put(5144, &entry(12, 1000, name));
    image.extend(bytes);
    image.resize(7 << 10, 0);
    image
}
