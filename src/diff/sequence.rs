//! What two sequences have in common, after E. Myers, "An O(ND) Difference Algorithm and Its
//! Variations" (1986), in linear space: find the middle of a shortest way, then go on with both halves.
//!
//! A way leads through a grid from the start of both sequences to their ends: a step to the right
//! removes a line of the old one, a step down adds a line of the new one, and a diagonal step is free,
//! where the lines are equal. The diagonal d has the points with x - y = d.
//!
//! Shortest ways are many. Which is found follows from the order of the search, so that is part of
//! what this does: from the start first, then from the end, each from the highest diagonal to the
//! lowest, and a step to the right rather than one down where both lead equally far.

use std::ops::{Range, RangeInclusive};

use super::root;

/// After how many edits a search is given up at the earliest, to go on from the best point so far.
const LEAST_LIMIT: usize = 4096;

/// Marks the lines that only the old sequence has, and those that only the new one has.
pub(super) fn compare(old: &[u32], new: &[u32]) -> (Vec<bool>, Vec<bool>) {
    let (mut removed, mut added) = (vec![false; old.len()], vec![false; new.len()]);
    let mut search = Search::new(old, new);
    let all = Area { x: 0..signed(old.len()), y: 0..signed(new.len()), is_limited: true };
    // A stack, and not recursion: where a search is given up, one half can be nearly all.
    let mut areas = vec![all];
    while let Some(area) = areas.pop() {
        let area = search.trimmed(area);
        if area.x.is_empty() || area.y.is_empty() {
            area.x.for_each(|x| removed[unsigned(x)] = true);
            area.y.for_each(|y| added[unsigned(y)] = true);
        } else {
            areas.extend(search.halves(&area));
        }
    }
    (removed, added)
}

/// A part of the grid, to be crossed from its first corner to its last.
struct Area {
    x: Range<i32>,
    y: Range<i32>,
    /// Whether its search may be given up. Never again once a middle was found: halves are short.
    is_limited: bool,
}

struct Search<'a> {
    old: &'a [u32],
    new: &'a [u32],
    forward: Frontier,
    backward: Frontier,
    limit: usize,
}

impl<'a> Search<'a> {
    fn new(old: &'a [u32], new: &'a [u32]) -> Self {
        let diagonals = old.len() + new.len() + 3;
        Search {
            old,
            new,
            forward: Frontier::new(diagonals, new.len() + 1),
            backward: Frontier::new(diagonals, new.len() + 1),
            limit: LEAST_LIMIT.max(2 * root(diagonals)),
        }
    }

    /// The area without the equal lines at its ends.
    fn trimmed(&self, Area { mut x, mut y, is_limited }: Area) -> Area {
        let are_equal = |x: i32, y: i32| are_equal((self.old, x), (self.new, y));
        while !x.is_empty() && !y.is_empty() && are_equal(x.start, y.start) {
            x.start += 1;
            y.start += 1;
        }
        while !x.is_empty() && !y.is_empty() && are_equal(x.end - 1, y.end - 1) {
            x.end -= 1;
            y.end -= 1;
        }
        Area { x, y, is_limited }
    }

    /// Divides an area at a point on a shortest way, or on one that is good enough.
    fn halves(&mut self, area: &Area) -> [Area; 2] {
        let diagonals = area.x.start - area.y.end..=area.x.end - area.y.start;
        let (first, last) = (area.x.start - area.y.start, area.x.end - area.y.end);
        // Each search is on every other diagonal, so that they can only meet after an edit of one.
        let meets_forward = (first - last) % 2 != 0;
        self.forward.start(first, area.x.start);
        self.backward.start(last, area.x.end);
        for edits in 1.. {
            self.forward.widen(&diagonals, -1);
            if let Some((x, diagonal)) = self.advance(area, meets_forward) {
                return area.divided(x, diagonal);
            }
            self.backward.widen(&diagonals, i32::MAX);
            if let Some((x, diagonal)) = self.retreat(area, !meets_forward) {
                return area.divided(x, diagonal);
            }
            if area.is_limited && edits >= self.limit {
                break;
            }
        }
        self.best_halves(area)
    }

    /// One edit from the start on each diagonal in turn, and on as long as lines are equal.
    ///
    /// Returns the x and the diagonal where this meets the other search, if that `can_meet` now.
    fn advance(&mut self, area: &Area, can_meet: bool) -> Option<(i32, i32)> {
        let old = &self.old[..unsigned(area.x.end)];
        let new = &self.new[..unsigned(area.y.end)];
        let Search { forward, backward, .. } = self;
        forward.each(|diagonal, left, above| {
            let mut x = above.max(left + 1);
            while are_equal((old, x), (new, x - diagonal)) {
                x += 1;
            }
            let meets = can_meet && backward.reached(diagonal).is_some_and(|it| it <= x);
            (x, meets)
        })
    }

    /// One edit from the end on each diagonal in turn, and on as long as lines are equal.
    ///
    /// Returns the same as [`Search::advance`].
    fn retreat(&mut self, area: &Area, can_meet: bool) -> Option<(i32, i32)> {
        let (x_start, y_start) = (area.x.start, area.y.start);
        let old = &self.old[unsigned(x_start)..];
        let new = &self.new[unsigned(y_start)..];
        let Search { forward, backward, .. } = self;
        backward.each(|diagonal, below, right| {
            let mut x = below.min(right - 1);
            while are_equal((old, x - 1 - x_start), (new, x - 1 - diagonal - y_start)) {
                x -= 1;
            }
            let meets = can_meet && forward.reached(diagonal).is_some_and(|it| x <= it);
            (x, meets)
        })
    }

    /// Divides an area at the point that is farthest from where its search came from. The way to there
    /// is known to be short; the rest may be given up again.
    fn best_halves(&self, area: &Area) -> [Area; 2] {
        let Area { x, y, .. } = area;
        // On a diagonal, x alone says how far a point is; within the area, neither may pass its ends.
        let sum = |(x, diagonal): &(i32, i32)| 2 * x - diagonal;
        let ahead = |d| (self.forward.at(d).min(x.end).min(y.end + d), d);
        let behind = |d| (self.backward.at(d).max(x.start).max(y.start + d), d);
        // Of equals, the one on the highest diagonal.
        let ahead = self.forward.diagonals().map(ahead).max_by_key(|it| (sum(it), it.1));
        let behind = self.backward.diagonals().map(behind).min_by_key(|it| (sum(it), -it.1));
        let (ahead, behind) = (ahead.expect("a diagonal"), behind.expect("a diagonal"));
        let is_ahead = (x.end + y.end) - sum(&behind) < sum(&ahead) - (x.start + y.start);
        let (at, diagonal) = if is_ahead { ahead } else { behind };
        let [mut before, mut after] = area.divided(at, diagonal);
        before.is_limited = !is_ahead;
        after.is_limited = is_ahead;
        [before, after]
    }
}

impl Area {
    /// What is before and what is after a point, given by its x and its diagonal.
    fn divided(&self, x: i32, diagonal: i32) -> [Area; 2] {
        let y = x - diagonal;
        [
            Area { x: self.x.start..x, y: self.y.start..y, is_limited: false },
            Area { x: x..self.x.end, y: y..self.y.end, is_limited: false },
        ]
    }
}

/// How far one of the two searches has come, on each diagonal that it has reached.
struct Frontier {
    /// The x on each diagonal, of which the one numbered 0 is at `zero`.
    x: Vec<i32>,
    zero: i32,
    first: i32,
    last: i32,
}

impl Frontier {
    fn new(diagonals: usize, zero: usize) -> Self {
        Frontier { x: vec![0; diagonals], zero: signed(zero), first: 0, last: 0 }
    }

    fn start(&mut self, diagonal: i32, x: i32) {
        (self.first, self.last) = (diagonal, diagonal);
        self.set(diagonal, x);
    }

    /// Takes in one more diagonal on both sides, or leaves one out where the area ends: after each
    /// edit, the other half of the diagonals is in turn. `unreached` stands for what is beyond them.
    fn widen(&mut self, within: &RangeInclusive<i32>, unreached: i32) {
        if self.first > *within.start() {
            self.first -= 1;
            self.set(self.first - 1, unreached);
        } else {
            self.first += 1;
        }
        if self.last < *within.end() {
            self.last += 1;
            self.set(self.last + 1, unreached);
        } else {
            self.last -= 1;
        }
    }

    /// Goes through the diagonals that are in turn, the highest first. `step` takes a diagonal and the x
    /// on its neighbours, the lower one and the higher one, and gives the x on it and whether to stop.
    ///
    /// Returns the x and the diagonal where it stopped. Most of the time of a comparison goes by in here:
    /// so neighbours are not looked up, but handed on, and two of them are in each window.
    fn each(&mut self, mut step: impl FnMut(i32, i32, i32) -> (i32, bool)) -> Option<(i32, i32)> {
        let mut diagonal = self.last;
        let (first, last) = (self.place(self.first - 1), self.place(self.last + 1));
        let reached = &mut self.x[first..=last];
        let mut above = *reached.last()?;
        for pair in reached[..last - first].rchunks_exact_mut(2) {
            let left = pair[0];
            let (x, stops) = step(diagonal, left, above);
            pair[1] = x;
            if stops {
                return Some((x, diagonal));
            }
            above = left;
            diagonal -= 2;
        }
        None
    }

    /// The diagonals that are in turn, the highest first.
    fn diagonals(&self) -> impl Iterator<Item = i32> + use<> {
        let Frontier { first, last, .. } = *self;
        (0..(last - first) / 2 + 1).map(move |at| last - 2 * at)
    }

    fn reached(&self, diagonal: i32) -> Option<i32> {
        (self.first..=self.last).contains(&diagonal).then(|| self.at(diagonal))
    }

    fn at(&self, diagonal: i32) -> i32 {
        self.x[self.place(diagonal)]
    }

    fn set(&mut self, diagonal: i32, x: i32) {
        let place = self.place(diagonal);
        self.x[place] = x;
    }

    fn place(&self, diagonal: i32) -> usize {
        (self.zero + diagonal) as usize
    }
}

/// Whether there are lines at both places, and they are the same.
fn are_equal((old, x): (&[u32], i32), (new, y): (&[u32], i32)) -> bool {
    // A place before the first line is far behind the last one, once it has no sign.
    let lines = (old.get(x as usize), new.get(y as usize));
    matches!(lines, (Some(line), Some(other)) if line == other)
}

/// Places are signed, as diagonals are, and no wider than lines need: that keeps the search fast.
fn signed(at: usize) -> i32 {
    at.try_into().expect("no text in JavaScript has that many lines")
}

fn unsigned(at: i32) -> usize {
    at.try_into().expect("a place in a text")
}
