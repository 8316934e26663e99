//! Lengths of time, in seconds since 1970, and sets of them.

/// A day, in seconds.
pub(super) const DAY: i64 = 24 * 60 * 60;

/// From one second up to another one, which is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Span {
    /// What it has in common with another one, if anything.
    pub(super) fn and(self, other: Self) -> Option<Self> {
        let both = Self { from: self.from.max(other.from), to: self.to.min(other.to) };
        (both.from < both.to).then_some(both)
    }
}

/// Joins what overlaps or touches, within a part of all time, and puts it in order.
pub(super) fn merge(mut spans: Vec<Span>, part: Span) -> Vec<Span> {
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::new();
    for span in spans.into_iter().filter_map(|span| span.and(part)) {
        match merged.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            Some(_) | None => merged.push(span),
        }
    }
    merged
}

/// Takes some spans out of others; both are in order, and none overlaps another of its kind.
pub(super) fn without(spans: &[Span], gone: &[Span]) -> Vec<Span> {
    let mut left = Vec::new();
    let mut gone = gone.iter().copied().peekable();
    for span in spans {
        let mut rest = *span;
        while let Some(hole) = gone.peek().copied().filter(|hole| hole.from < rest.to) {
            let before = Span { to: hole.from, ..rest };
            left.extend((before.from < before.to).then_some(before));
            rest.from = rest.from.max(hole.to);
            if hole.to > rest.to {
                // It may reach into the next one.
                break;
            }
            gone.next();
        }
        left.extend((rest.from < rest.to).then_some(rest));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(pairs: &[(i64, i64)]) -> Vec<Span> {
        pairs.iter().map(|(from, to)| Span { from: *from, to: *to }).collect()
    }

    #[test]
    fn what_overlaps_or_touches_is_one() {
        let part = Span { from: 0, to: 100 };
        let merged = |pairs: &[(i64, i64)]| merge(spans(pairs), part);
        assert_eq!(
            merged(&[(50, 60), (-5, 10), (10, 20), (55, 120)]),
            spans(&[(0, 20), (50, 100)])
        );
        assert_eq!(merged(&[(10, 90), (20, 30), (100, 110)]), spans(&[(10, 90)]));
    }

    #[test]
    fn holes_are_taken_out() {
        let all = spans(&[(0, 10), (20, 30), (40, 50)]);
        let rest = |gone: &[(i64, i64)]| without(&all, &spans(gone));
        assert_eq!(rest(&[]), all);
        assert_eq!(rest(&[(0, 50)]), []);
        assert_eq!(
            rest(&[(5, 25), (30, 40), (42, 43)]),
            spans(&[(0, 5), (25, 30), (40, 42), (43, 50)])
        );
        assert_eq!(rest(&[(0, 10), (20, 21), (29, 30)]), spans(&[(21, 29), (40, 50)]));
    }
}
