//! Values of documentation: the keys and tokens that providers print to show what theirs look like, and
//! those of emulators that everybody has. They open nothing, or nothing but a toy.
//!
//! Only the first eight bytes of their SHA-256 stand here, so that this file holds no token-shaped text;
//! `tools/known_value.py` makes a row.

use super::Hit;
use crate::finding::{Disposition, Severity};
use sha2::Digest as _;

/// The start of the SHA-256 of a value, and where it is published. Sorted.
const KNOWN: &[(u64, &str)] = &[
    (0x0011_cc25_eb43_2071, "the Azure storage emulator"),
    (0x00cf_4c78_1dc3_7003, "RFC 6749"),
    (0x1652_9b29_3d4d_3f1a, "the AWS documentation"),
    (0x1a5d_44a2_dca1_9669, "the AWS documentation"),
    (0x1d23_b6b6_7fde_9263, "the AWS documentation"),
    (0x2caf_c097_0149_a84f, "the Stripe documentation"),
    (0x2ff8_b0fb_93ac_a981, "RFC 5849"),
    (0x53f5_da0a_aa93_d64c, "RFC 6749"),
    (0x60a0_9e43_5786_8c1e, "the first account of Hardhat and Anvil"),
    (0x649e_1f5c_769e_718b, "RFC 5849"),
    (0x6c96_130f_130a_b0d6, "RFC 6749"),
    (0x6caa_4488_26c1_1cd3, "the AWS documentation"),
    (0x7831_4b11_be2e_5815, "the AWS documentation"),
    (0x7d12_c2d0_c604_e790, "the documentation of JSON web tokens"),
    (0x7f75_367e_7881_2551, "the documentation of JSON web tokens"),
    (0x80f8_b7c9_04d4_a43f, "RFC 5849"),
    (0x8d56_7eb8_8aff_f34f, "RFC 5849"),
    (0x8f60_821f_dfc3_b4c9, "the AWS documentation"),
    (0x9d03_b692_e941_d5ac, "RFC 5849"),
    (0xa71b_359a_87af_de13, "a draft of the MAC scheme for OAuth"),
    (0xaa65_4743_9583_c3a2, "the Azure Cosmos DB emulator"),
    (0xac92_65e5_6c79_b234, "the Google documentation"),
    (0xb87d_ad10_a32a_2d81, "RFC 5849"),
    (0xb8e1_4854_5b13_c78b, "RFC 6750"),
    (0xbc1a_5096_6c9e_6486, "the first account of Hardhat and Anvil"),
    (0xbf03_f608_72cf_b4ea, "the AWS documentation"),
    (0xc20f_bc2b_9618_3894, "RFC 5849"),
    (0xc6ea_27c5_34f9_93d3, "the AWS documentation"),
    (0xcb87_c87e_4a13_8d9a, "RFC 5849"),
    (0xce4c_9cdc_f427_7d15, "the AWS documentation"),
    (0xd8cc_c3c5_47c8_5017, "the AWS documentation"),
    (0xda81_6f9f_2c16_e6c5, "the documentation of JSON web tokens"),
    (0xe21b_597b_a6b9_cafa, "the AWS documentation"),
    (0xe63f_9368_4e18_8f58, "a digest in the configuration of PAM"),
    (0xe6c2_d345_5587_c47c, "the AWS documentation"),
    (0xe997_4c50_7d2a_8021, "RFC 6749"),
    (0xf2d6_ca16_5150_33e5, "the Stripe documentation"),
    (0xf420_161d_76f0_67dd, "the AWS documentation"),
];

/// Marks a hit whose secret is one of these.
pub(super) fn mark(hit: &mut Hit) {
    if hit.secret.is_empty() {
        return;
    }
    let digest = sha2::Sha256::digest(hit.secret.expose());
    let Some(start) = digest.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes)) else { return };
    if let Ok(at) = KNOWN.binary_search_by_key(&start, |(known, _)| *known)
        && let Some((_, source)) = KNOWN.get(at)
    {
        hit.disposition = Disposition::Example;
        hit.severity = hit.severity.min(Severity::Info);
        hit.reasons.push(format!("a value of {source}").into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_found() {
        assert!(KNOWN.is_sorted());
        let rules = crate::rules::RuleSet::builtin().unwrap();
        let rule = rules.rules().first().unwrap();
        // RFC 6749, section 2.3.1, in two halves.
        let bytes = ["gX1f", "Bat3bV"].concat();
        let mut hit = super::super::judge::hit(rule, bytes.as_bytes(), 0..bytes.len(), 0);
        mark(&mut hit);
        assert_eq!(hit.disposition, Disposition::Example);
    }
}
