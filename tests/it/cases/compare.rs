//! What a report says against what a case expects. Problems name values by their names, never by content.

use super::written::{Expect, Finding, Incident};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// All that is wrong with a report and the exit code it came with.
pub(super) fn problems(report: &Value, exit: Option<i32>, expect: &Expect, values: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let expected = expect.exit.unwrap_or_else(|| implied(expect));
    if exit != Some(expected) {
        wrong.push(format!("exit code {exit:?}, not {expected}"));
    }
    let verdict = ["watertight", "leaking", "", "incomplete"][usize::try_from(expected).expect("an exit code")];
    if report["verdict"] != verdict {
        wrong.push(format!("the verdict is {}, not {verdict}", report["verdict"]));
    }
    let images = list(&report["images"]).len();
    if expect.images.is_some_and(|expected| expected != images) {
        wrong.push(format!("{images} images"));
    }
    incidents(report, expect, values, &mut wrong);
    gaps(report, expect, &mut wrong);
    wrong
}

/// The exit code that incidents and gaps lead to, if none of them is below the threshold.
fn implied(expect: &Expect) -> i32 {
    match expect {
        Expect { incident, .. } if !incident.is_empty() => 1,
        Expect { gap, .. } if gap.iter().any(|gap| gap.scope == "image") => 3,
        _ => 0,
    }
}

fn incidents(report: &Value, expect: &Expect, values: &BTreeMap<String, String>, wrong: &mut Vec<String>) {
    let mut left: Vec<&Value> = list(&report["incidents"]).iter().collect();
    for expected in &expect.incident {
        let what = expected.secret.as_deref().or(expected.rule.as_deref()).unwrap_or("a file");
        let secret = match &expected.secret {
            Some(name) => values.get(name).unwrap_or_else(|| panic!("no value named {name}")).as_str(),
            None => "",
        };
        let fits = |incident: &&Value| {
            incident["secret"] == secret
                && (!secret.is_empty() || expected.rule.as_ref().is_none_or(|rule| incident["rule"] == **rule))
        };
        // Of several that are about files as a whole, the one that is meant.
        let is_meant = |incident: &&Value| fits(incident) && differences(incident, expected, report).is_empty();
        match left.iter().position(is_meant).or_else(|| left.iter().position(fits)) {
            None => wrong.push(format!("{what} was not found")),
            Some(at) => {
                let incident = left.remove(at);
                let found = differences(incident, expected, report).into_iter().chain(parts(incident, expected));
                wrong.extend(found.map(|text| format!("{what}: {text}")));
            }
        }
    }
    wrong.extend(left.iter().map(|incident| format!("not expected: {} at {:#}", incident["rule"], shown(incident))));
}

fn differences(incident: &Value, expected: &Incident, report: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let fields = [
        ("rule", &expected.rule),
        ("severity", &expected.severity),
        ("confidence", &expected.confidence),
        ("disposition", &expected.disposition),
    ];
    for (key, value) in fields {
        if value.as_ref().is_some_and(|value| incident[key] != **value) {
            wrong.push(format!("{key} is {}", incident[key]));
        }
    }
    let mut left: Vec<&Value> = list(&incident["findings"]).iter().collect();
    for one in &expected.at {
        match left.iter().position(|finding| is(one, finding, report)) {
            Some(at) => drop(left.remove(at)),
            None => wrong.push(format!("not at {one:?}")),
        }
    }
    if !left.is_empty() || !wrong.is_empty() {
        wrong.push(format!("it is at {:#}", shown(incident)));
    }
    wrong
}

/// What is wrong with the parts of an incident, if those are expected: `kind value`, all of them.
fn parts(incident: &Value, expected: &Incident) -> Option<String> {
    let text = |part: &Value| {
        let shown = if part["kind"] == "secret" { &part["secret"] } else { &part["value"] };
        format!("{} {}", part["kind"].as_str().unwrap_or_default(), shown.as_str().unwrap_or_default())
    };
    let found: BTreeSet<_> = list(&incident["parts"]).iter().map(text).collect();
    let wanted = expected.parts.as_ref()?.iter().cloned().collect();
    (found != wanted).then(|| format!("its parts are {found:?}, not {wanted:?}"))
}

/// The findings of an incident, without what would only make them longer.
fn shown(incident: &Value) -> Value {
    let drop = ["image", "column", "offset"];
    let short = |finding: &Value| {
        let members =
            finding.as_object().into_iter().flatten().filter(|(key, value)| !value.is_null() && !drop.contains(&&key[..]));
        members.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    list(&incident["findings"]).iter().map(short).collect::<Vec<Value>>().into()
}

fn is(one: &Finding, finding: &Value, report: &Value) -> bool {
    let text = |key: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| finding[key] == **wanted);
    let number = |key: &str, wanted: Option<u64>| finding[key].as_u64() == wanted;
    let contains = |key: &str, part: &Option<String>| {
        let here = finding[key].as_str().unwrap_or_default();
        part.as_ref().is_none_or(|part| if part.is_empty() { here.is_empty() } else { here.contains(part) })
    };
    let image = || list(&report["images"]).iter().find(|image| image["digest"] == finding["image"]);
    finding["state"] == *one.state
        && number("hidden_by", one.hidden_by)
        && (one.state == "config" && one.layer.is_none() || number("layer", one.layer))
        && (finding["path"].as_str() == one.path.as_deref() || one.path.is_none() && one.place.is_some())
        && text("member", &one.member)
        && text("name", &one.name)
        && one.line.is_none_or(|line| finding["line"] == line)
        && one.decoded.as_ref().is_none_or(|chain| finding["decoded"] == serde_json::json!(chain))
        && one.platform.as_ref().is_none_or(|platform| image().is_some_and(|image| image["platform"] == **platform))
        && contains("note", &one.note)
        && contains("instruction", &one.by)
        && contains("place", &one.place)
        && one.path_in.as_ref().is_none_or(|path| finding["version"]["path"] == **path)
        && one.committed.is_none_or(|time| finding["version"]["time"] == time)
}

fn gaps(report: &Value, expect: &Expect, wrong: &mut Vec<String>) {
    let mut left: Vec<&Value> = list(&report["gaps"]).iter().collect();
    for expected in &expect.gap {
        let fits = |gap: &&Value| {
            gap["reason"] == *expected.reason
                && gap["scope"] == *expected.scope
                && gap["place"].as_str().is_some_and(|place| place.contains(&expected.place))
        };
        match left.iter().position(fits) {
            Some(at) => drop(left.remove(at)),
            None => wrong.push(format!("no gap {expected:?}")),
        }
    }
    wrong.extend(left.iter().map(|gap| format!("a gap: {gap}")));
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
