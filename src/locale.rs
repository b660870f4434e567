//! The locale under which the sides of relationships are ordered, which names their join tables.

use crate::relationship::Relationship;
use crate::snapshot::Snapshot;

/// The locale that most servers run in.
const USUAL: &str = "en-US";

/// How many locales are named that a database may have been made under.
const NAMED: usize = 3;

/// What is said of relationships that the process's locale turns round.
pub fn warning(snapshot: &Snapshot, relationships: &[Relationship]) -> Option<String> {
    let usual = snapshot.orders.iter().find(|it| it.locale == USUAL)?;
    let turned = relationships.iter().filter(|it| it.is_mirrored(usual));
    let names: Vec<&str> = turned.map(|it| &*it.name).collect();
    (!names.is_empty()).then(|| {
        format!(
            "The order of left and right depends on the locale. Under {}, the locale of this process, it is another one than under {USUAL} for {}. Set LC_ALL to the locale that your server runs in.",
            snapshot.locale,
            names.join(", ")
        )
    })
}

/// What is said of a database whose join tables have the names of another locale: each relationship with
/// the name that is there, and the one that it should have.
pub fn problem(snapshot: &Snapshot, found: &[(&Relationship, &str, &str)]) -> Option<String> {
    if found.is_empty() {
        return None;
    }
    // Those that turn round all of them. The first is the most likely.
    let orders = snapshot.orders.iter();
    let turning = orders.filter(|order| found.iter().all(|(it, ..)| it.is_mirrored(order)));
    let locales: Vec<&str> = turning.map(|order| &*order.locale).take(NAMED).collect();
    let names = found.iter().map(|(_, name, expected)| format!("{name} in place of {expected}"));
    Some(format!(
        "The new schema in this database was made under another locale than {}, that of this process: it has {}. {}",
        snapshot.locale,
        names.collect::<Vec<_>>().join(", "),
        match locales.is_empty() {
            true => "Set LC_ALL to the locale that your server ran in.".to_owned(),
            false => format!(
                "So it is under {}: set LC_ALL to that, here and for your server.",
                locales.join(" or ")
            ),
        }
    ))
}
