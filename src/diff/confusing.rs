//! Lines that would mislead a comparison, which is better and faster without them.
//!
//! A line that the other text does not have is a change for sure. A line that it has many times, such
//! as `);`, would match anywhere: among lines that are sure to be changed, it is most likely part of
//! what is changed. It is taken for a change too, but only within a run of such lines, and away from
//! the ends of the run, where it may as well belong to what is kept.

use super::root;

/// How often the other text has a line for it to count as frequent, in short texts.
const FREQUENT: usize = 5;
/// How many absent lines in a row end what is too near to the end of a run.
const ABSENT_IN_A_ROW: usize = 3;
/// From how many lines into a run on a single absent line does so.
const FAR: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// To be compared.
    Kept,
    /// In the other text often: set aside only among absent ones.
    Frequent,
    /// Not in the other text.
    Absent,
}

/// Marks the lines to set aside as changed. `occurrences` says how often the other text has each.
pub(super) fn marks(lines: &[u32], occurrences: &[usize]) -> Vec<bool> {
    let frequent = FREQUENT * root(lines.len() / 64);
    let mut lines: Vec<Line> = lines
        .iter()
        .map(|&line| match occurrences[line as usize] {
            0 => Line::Absent,
            count if count > frequent => Line::Frequent,
            _ => Line::Kept,
        })
        .collect();
    for candidates in lines.split_mut(|line| *line == Line::Kept) {
        settle(candidates);
    }
    lines.into_iter().map(|line| line != Line::Kept).collect()
}

/// Decides about the frequent lines in a stretch without lines to be compared.
fn settle(candidates: &mut [Line]) {
    let is_absent = |line: &Line| *line == Line::Absent;
    let first = candidates.iter().position(is_absent).unwrap_or(candidates.len());
    let end = candidates.iter().rposition(is_absent).map_or(first, |last| last + 1);
    keep_frequent(&mut candidates[..first]);
    keep_frequent(&mut candidates[end..]);

    let run = &mut candidates[first..end];
    let frequent = run.iter().filter(|line| !is_absent(line)).count();
    if frequent * 4 > run.len() {
        return keep_frequent(run);
    }
    let too_many = root(run.len() / 4) + 1;
    for same in run.chunk_by_mut(|line, next| line == next) {
        if same.len() >= too_many {
            keep_frequent(same);
        }
    }
    keep_near_end(run.iter_mut());
    keep_near_end(run.iter_mut().rev());
}

fn keep_frequent(lines: &mut [Line]) {
    for line in lines.iter_mut().filter(|line| **line == Line::Frequent) {
        *line = Line::Kept;
    }
}

/// Keeps the frequent lines that are near to an end of a run, given from that end on.
fn keep_near_end<'a>(run: impl Iterator<Item = &'a mut Line>) {
    let mut absent = 0;
    for (distance, line) in run.enumerate() {
        if *line == Line::Absent {
            absent += 1;
            if distance >= FAR || absent == ABSENT_IN_A_ROW {
                return;
            }
        } else {
            absent = 0;
            *line = Line::Kept;
        }
    }
}
