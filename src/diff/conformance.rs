//! The diffs of random texts are those of the `diff` that is installed, which has to be GNU's.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

use proptest::prelude::*;
use proptest::sample::Index;

use super::unified;

type Pair = (String, String);

/// What `diff -u` prints of each pair of texts, without the two lines of names.
fn printed(pairs: &[Pair]) -> Vec<String> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("diff-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = env::temp_dir().join(name);
    for side in ["old", "new"] {
        fs::create_dir_all(folder.join(side)).unwrap();
    }
    for (number, (old, new)) in pairs.iter().enumerate() {
        fs::write(folder.join(format!("old/{number}")), old).unwrap();
        fs::write(folder.join(format!("new/{number}")), new).unwrap();
    }
    // One process for all. It prints its own command, with the names, before each pair that differs.
    let output = Command::new("diff")
        .args(["-u", "-r", "old", "new"])
        .env("LC_ALL", "C")
        .current_dir(&folder)
        .output()
        .expect("GNU diff is needed: install the package diffutils");
    fs::remove_dir_all(&folder).unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let mut printed = vec![String::new(); pairs.len()];
    let mut hunks = None;
    for line in output.split_inclusive('\n') {
        if line.starts_with("diff ") {
            let number: usize = line.trim_end().rsplit_once('/').unwrap().1.parse().unwrap();
            hunks = Some((&mut printed[number], 2));
        } else if let Some((hunks, names @ 1..)) = &mut hunks {
            *names -= 1;
            assert!(hunks.is_empty(), "two lines of names");
        } else {
            hunks.as_mut().unwrap().0.push_str(line);
        }
    }
    printed
}

fn assert_same(pairs: &[Pair]) -> Result<(), TestCaseError> {
    for ((old, new), expected) in pairs.iter().zip(printed(pairs)) {
        let found = unified(old, new, ("old", "new"), false);
        let found = found.strip_prefix("--- old\n+++ new\n").unwrap_or(&found);
        prop_assert_eq!(found, expected, "\nold: {:?}\nnew: {:?}", old, new);
    }
    Ok(())
}

/// Lines of a few kinds, some of them more frequent; the last may lack its line feed.
fn text(kinds: usize, lengths: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    let end = prop_oneof![9 => Just("\n"), 1 => Just(""), 1 => Just("\r\n")];
    let lines = prop::collection::vec((0..kinds, 0..kinds, any::<bool>()), lengths);
    (lines, end).prop_map(|(lines, end)| {
        let lines: Vec<String> = lines
            .into_iter()
            .map(|(line, other, is_least)| if is_least { line.min(other) } else { line })
            .map(|line| format!("line {line}"))
            .collect();
        if lines.is_empty() { String::new() } else { lines.join("\n") + end }
    })
}

/// Two texts of their own, of up to that many lines.
fn unrelated(length: usize) -> impl Strategy<Value = Pair> {
    (1..40_usize).prop_flat_map(move |kinds| (text(kinds, 0..length), text(kinds, 0..length)))
}

/// Texts of which most lines are in one of them alone, some in both many times and few in both once.
fn confusing(length: usize) -> impl Strategy<Value = Pair> {
    let shares = (0..60_usize, 1..5_usize, 0..8_usize);
    (shares, 0..length, 0..length).prop_flat_map(|((frequent, kinds, common), old, new)| {
        let text = move |own: &'static str, length: usize| {
            let line = (0..100_usize, any::<usize>()).prop_map(move |(share, any)| match share {
                _ if share < frequent => format!("frequent {}\n", any % kinds),
                _ if share < frequent + common => format!("common {}\n", any % 100),
                _ => format!("{own} {}\n", any % 50),
            });
            prop::collection::vec(line, length).prop_map(|lines| lines.concat())
        };
        (text("old", old), text("new", new))
    })
}

/// A text, and the same after edits: a range taken out, and put in elsewhere or replaced.
fn edited(length: usize) -> impl Strategy<Value = Pair> {
    let edit = (any::<Index>(), 0..12_usize, any::<Index>(), text(8, 0..6));
    (1..200_usize, prop::collection::vec(edit, 0..8)).prop_flat_map(move |(kinds, edits)| {
        text(kinds, 0..length).prop_map(move |old| {
            let mut lines: Vec<&str> = old.split_inclusive('\n').collect();
            for (from, count, to, insertion) in &edits {
                let from = from.index(lines.len() + 1);
                let taken: Vec<&str> =
                    lines.splice(from..(from + count).min(lines.len()), []).collect();
                let to = to.index(lines.len() + 1);
                if insertion.is_empty() {
                    lines.splice(to..to, taken);
                } else {
                    lines.splice(to..to, insertion.split_inclusive('\n'));
                }
            }
            let new = lines.concat();
            (old, new)
        })
    })
}

/// Schemas: tables of which some are gone, some have other names and some are new.
fn schemas(tables: usize) -> impl Strategy<Value = Pair> {
    let columns = prop::collection::vec(0..10_usize, 1..6);
    let table = (0..30_usize, columns, 0..3_usize, any::<u8>());
    prop::collection::vec(table, 0..tables).prop_map(|tables| {
        let create = |name: &str, columns: &[usize], indexes: usize| {
            let columns: Vec<String> = columns
                .iter()
                .map(|column| {
                    format!(
                        "\tc{column} integer\n\t\tconstraint {name}_{column}\n\t\t\treferences t"
                    )
                })
                .collect();
            let indexes = (0..indexes).map(|at| format!("create index i{at}\n\ton {name} (a);\n"));
            format!(
                "create table {name}\n(\n{}\n);\n{}",
                columns.join(",\n"),
                indexes.collect::<String>()
            )
        };
        let (mut old, mut new) = (String::new(), String::new());
        for (name, columns, indexes, change) in tables {
            let name = format!("t{name}");
            let table = create(&name, &columns, indexes);
            match change % 8 {
                0 => old.push_str(&table),
                1 => new.push_str(&table),
                2 => {
                    old.push_str(&table);
                    new.push_str(&create(&format!("{name}_many"), &columns, indexes));
                }
                3 => {
                    old.push_str(&table);
                    new.push_str(&create(&name, &columns[1..], indexes));
                }
                _ => {
                    old.push_str(&table);
                    new.push_str(&table);
                }
            }
        }
        (old, new)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    #[test]
    fn short_texts(pairs in prop::collection::vec(unrelated(60), 300)) {
        assert_same(&pairs)?;
    }

    #[test]
    fn confusing_texts(pairs in prop::collection::vec(confusing(400), 100)) {
        assert_same(&pairs)?;
    }

    #[test]
    fn edited_texts(pairs in prop::collection::vec(edited(300), 100)) {
        assert_same(&pairs)?;
    }

    #[test]
    fn schemas_of_all_sizes(pairs in prop::collection::vec(schemas(60), 20), large in schemas(300)) {
        assert_same(&pairs)?;
        assert_same(&[large])?;
    }
}

/// Too long and too different for a shortest way to be searched for to the end.
#[test]
fn long_texts_with_little_in_common() {
    let mut state = 1_u32;
    let mut text = |length: usize| -> String {
        let mut line = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            format!("line {}\n", (state >> 16) % 1000)
        };
        (0..length).map(|_| line()).collect()
    };
    let pair = (text(5200), text(5000));
    assert_same(&[pair]).unwrap();
}
