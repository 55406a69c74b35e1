//! Signed URLs: what they carry, and until when they work.

use super::json::decoded;

/// A signature is an HMAC-SHA256: 32 bytes.
pub(super) fn azure_sas(value: &[u8]) -> bool {
    let Some(signature) = parameter(value, b"sig") else { return false };
    decoded(&percent_decoded(signature)).is_some_and(|bytes| bytes.len() == 32) || {
        // The last of 43 characters may carry stray bits where somebody typed it.
        let text = percent_decoded(signature);
        let text: Vec<u8> = text.into_iter().take_while(|byte| *byte != b'=').collect();
        text.len() == 43 && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte))
    }
}

pub(super) fn azure_sas_end(text: &[u8]) -> Option<i64> {
    seconds(&percent_decoded(parameter(text, b"se")?))
}

/// `X-Amz-Date` and `X-Amz-Expires`, and the same of Google.
pub(super) fn signed_url_end(text: &[u8]) -> Option<i64> {
    [(&b"X-Amz-Date"[..], &b"X-Amz-Expires"[..]), (b"X-Goog-Date", b"X-Goog-Expires")].into_iter().find_map(|(date, life)| {
        let life: i64 = std::str::from_utf8(parameter(text, life)?).ok()?.parse().ok()?;
        seconds(parameter(text, date)?)?.checked_add(life)
    })
}

/// What follows the last `name=` that starts a parameter.
fn parameter<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let starts = |at: &usize| at.checked_sub(1).and_then(|at| text.get(at)).is_none_or(|byte| matches!(byte, b'?' | b'&' | b';'));
    let needle = [name, b"="].concat();
    let at = memchr::memmem::rfind_iter(text, &needle).find(starts)?;
    let rest = text.get(at + needle.len()..)?;
    let end = rest.iter().position(|byte| matches!(byte, b'&' | b'"' | b'\'' | b'#' | b'<' | b'>') || byte.is_ascii_whitespace());
    rest.get(..end.unwrap_or(rest.len()))
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let hex = text.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = hex.filter(|_| *byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    out
}

/// ISO 8601 in UTC, extended or basic, with or without a time: `2030-01-31`, `20300131T235959Z`.
fn seconds(text: &[u8]) -> Option<i64> {
    let (date, time) = match text.iter().position(|byte| *byte == b'T') {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text, &b""[..]),
    };
    let digits = |text: &[u8]| -> Vec<i64> {
        let kept = text.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':'));
        kept.filter(|byte| byte.is_ascii_digit()).map(|byte| i64::from(byte - b'0')).collect()
    };
    let (date, time) = (digits(date), digits(time));
    let number = |digits: &[i64]| digits.iter().fold(0, |sum, digit| sum * 10 + digit);
    let part = |at: usize| time.get(at..at + 2).map_or(0, number) as i8;
    if date.len() != 8 || time.len() > 6 {
        return None;
    }
    let day = jiff::civil::Date::new(number(&date[..4]) as i16, number(&date[4..6]) as i8, number(&date[6..]) as i8).ok()?;
    let clock = jiff::civil::Time::new(part(0), part(2), part(4), 0).ok()?;
    Some(jiff::tz::Offset::UTC.to_timestamp(day.to_datetime(clock)).ok()?.as_second())
}
