//! Which names the constants of a function are stored under.
//!
//! cloudpickle and dill write functions as the arguments of `CodeType`: bytecode, constants, names, local names.
//! A constant that is loaded and stored at once belongs to that name. Instructions have two bytes since CPython
//! 3.6; their numbers changed with 3.13 (`Include/opcode_ids.h`).

/// Numbers of the instructions that matter.
struct Dialect {
    load: u8,
    store_local: u8,
    /// Stores in names: of a module, a global, an attribute.
    store_name: [u8; 3],
    extend: u8,
    /// Stores two values, of which the upper goes to the local in the upper four bits.
    store_two: Option<u8>,
    /// Stores a local in the upper four bits and loads another.
    store_and_load: Option<u8>,
}

/// 3.6 to 3.12, then 3.13.
const DIALECTS: [Dialect; 2] = [
    Dialect { load: 100, store_local: 125, store_name: [90, 97, 95], extend: 144, store_two: None, store_and_load: None },
    Dialect {
        load: 83,
        store_local: 110,
        store_name: [114, 113, 108],
        extend: 71,
        store_two: Some(112),
        store_and_load: Some(111),
    },
];

/// Where a name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Local(usize),
    Other(usize),
}

/// How many constants, names and local names a function has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tables {
    pub(super) consts: usize,
    pub(super) names: usize,
    pub(super) locals: usize,
}

/// Constants with the names they are stored under, by their numbers.
pub(super) fn stored(code: &[u8], tables: Tables) -> Vec<(usize, Name)> {
    DIALECTS.iter().find_map(|dialect| dialect.stored(code, tables).filter(|found| !found.is_empty())).unwrap_or_default()
}

impl Dialect {
    /// `None` if the bytecode does not fit the tables: it is of another version.
    fn stored(&self, code: &[u8], tables: Tables) -> Option<Vec<(usize, Name)>> {
        let mut found = Vec::new();
        let (mut extended, mut last, mut before) = (0usize, None, None);
        for pair in code.chunks_exact(2) {
            let [op, arg] = pair else { break };
            let arg = extended << 8 | usize::from(*arg);
            extended = if *op == self.extend { arg & 0xff_ffff } else { 0 };
            if *op == self.extend {
                continue;
            }
            let mut store = |value: Option<usize>, name: Name| found.extend(value.map(|value| (value, name)));
            let mut loaded = None;
            if *op == self.load {
                (arg < tables.consts).then_some(())?;
                loaded = Some(arg);
            } else if *op == self.store_local {
                (arg < tables.locals).then_some(())?;
                store(last, Name::Local(arg));
            } else if self.store_name.contains(op) && arg < tables.names {
                store(last, Name::Other(arg));
            } else if Some(*op) == self.store_two {
                store(last, Name::Local(arg >> 4));
                store(before, Name::Local(arg & 15));
            } else if Some(*op) == self.store_and_load {
                store(last, Name::Local(arg >> 4));
            }
            (before, last) = (last, loaded);
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_paired_with_what_stores_them() {
        let check = |code: &[u8], expected: &[(usize, Name)]| {
            assert_eq!(stored(code, Tables { consts: 300, names: 2, locals: 3 }), expected);
        };
        // 3.11: LOAD_CONST 1, STORE_FAST 0, LOAD_CONST 2, STORE_NAME 1.
        check(&[151, 0, 100, 1, 125, 0, 100, 2, 90, 1, 83, 0], &[(1, Name::Local(0)), (2, Name::Other(1))]);
        // 3.13: LOAD_CONST 1, LOAD_CONST 2, STORE_FAST_STORE_FAST (0, 1).
        check(&[149, 0, 83, 1, 83, 2, 112, 0x01, 36, 0], &[(2, Name::Local(0)), (1, Name::Local(1))]);
        // An index of two bytes.
        check(&[144, 1, 100, 2, 125, 2], &[(258, Name::Local(2))]);
        check(&[100, 1, 20, 0, 125, 0], &[]);
        check(&[100], &[]);
    }
}
