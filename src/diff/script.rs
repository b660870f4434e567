//! From the lines of two texts to the list of changes.

use similar::DiffOp;

use super::{CONTEXT, confusing, sequence, slide};

/// What turns one text into the other. All numbers of lines are below `count`.
pub(super) fn changes(old: &[u32], new: &[u32], count: usize) -> Vec<DiffOp> {
    let (start, end) = common_ends(old, new);
    let body = |lines: &[u32]| start..lines.len() - end;
    let (removed, added) = compare(&old[body(old)], &new[body(new)], count);
    let whole = |marks: Vec<bool>| [vec![false; start], marks, vec![false; end]].concat();
    operations(&whole(removed), &whole(added))
}

/// How many lines need no comparison, because both texts begin and end with them. As many of these as
/// are shown around a change stay in: changes can slide into them, and they border confusing lines.
fn common_ends(old: &[u32], new: &[u32]) -> (usize, usize) {
    let equal = |(old, new): &(&u32, &u32)| old == new;
    let start = old.iter().zip(new).take_while(equal).count().saturating_sub(CONTEXT);
    let backwards = old[start..].iter().rev().zip(new[start..].iter().rev());
    (start, backwards.take_while(equal).count().saturating_sub(CONTEXT))
}

/// Which lines are removed from the old text and which are added to make the new one.
fn compare(old: &[u32], new: &[u32], count: usize) -> (Vec<bool>, Vec<bool>) {
    let mut removed = confusing::marks(old, &occurrences(new, count));
    let mut added = confusing::marks(new, &occurrences(old, count));
    let old_kept = Kept::new(old, &removed);
    let new_kept = Kept::new(new, &added);
    let (kept_removed, kept_added) = sequence::compare(&old_kept.lines, &new_kept.lines);
    old_kept.give_back(&kept_removed, &mut removed);
    new_kept.give_back(&kept_added, &mut added);
    slide::align(old, &mut removed, &added);
    slide::align(new, &mut added, &removed);
    (removed, added)
}

/// How often each number occurs.
fn occurrences(lines: &[u32], count: usize) -> Vec<usize> {
    let mut occurrences = vec![0; count];
    lines.iter().for_each(|&line| occurrences[line as usize] += 1);
    occurrences
}

/// The lines of a text that are not set aside.
struct Kept {
    lines: Vec<u32>,
    /// Where each of them is in the text.
    places: Vec<usize>,
}

impl Kept {
    fn new(lines: &[u32], set_aside: &[bool]) -> Self {
        let places: Vec<usize> = (0..lines.len()).filter(|&at| !set_aside[at]).collect();
        Kept { lines: places.iter().map(|&at| lines[at]).collect(), places }
    }

    /// Writes the marks of these lines where they are in the text.
    fn give_back(&self, marks: &[bool], text: &mut [bool]) {
        self.places.iter().zip(marks).for_each(|(&at, &mark)| text[at] = mark);
    }
}

/// The marks as changes of runs of lines, with what is equal between.
fn operations(removed: &[bool], added: &[bool]) -> Vec<DiffOp> {
    let run = |marks: &[bool], of: bool| marks.iter().take_while(|mark| **mark == of).count();
    let mut operations = Vec::new();
    let (mut old_index, mut new_index) = (0, 0);
    while old_index < removed.len() || new_index < added.len() {
        let (old_rest, new_rest) = (&removed[old_index..], &added[new_index..]);
        let (old_len, new_len) = (run(old_rest, true), run(new_rest, true));
        operations.push(match (old_len, new_len) {
            (0, 0) => {
                let len = run(old_rest, false).min(run(new_rest, false));
                DiffOp::Equal { old_index, new_index, len }
            }
            (_, 0) => DiffOp::Delete { old_index, old_len, new_index },
            (0, _) => DiffOp::Insert { old_index, new_index, new_len },
            _ => DiffOp::Replace { old_index, old_len, new_index, new_len },
        });
        let last = operations[operations.len() - 1];
        (old_index, new_index) = (last.old_range().end, last.new_range().end);
    }
    operations
}
