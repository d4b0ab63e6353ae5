//! What the readings of ten seconds add up to.

/// Points of one series that are summed up: exact, whatever the parts they came in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Roll<T> {
    pub(super) count: u32,
    pub(super) sum: T,
    pub(super) min: T,
    pub(super) max: T,
}

impl Roll<u64> {
    pub(super) fn add(&mut self, value: u64) {
        let one = Self { count: 1, sum: value, min: value, max: value };
        self.merge(one);
    }

    pub(super) fn merge(&mut self, other: Self) {
        if self.count == 0 {
            *self = other;
        } else if other.count > 0 {
            self.count = self.count.saturating_add(other.count);
            // Wraps as the counter does.
            self.sum = self.sum.wrapping_add(other.sum);
            self.min = self.min.min(other.min);
            self.max = self.max.max(other.max);
        }
    }
}

impl Roll<f64> {
    /// Adds a value, unless it is NaN.
    pub(super) fn add(&mut self, value: f64) {
        if !value.is_nan() {
            self.merge(Self { count: 1, sum: value, min: value, max: value });
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        if self.count == 0 {
            *self = other;
        } else if other.count > 0 {
            self.count = self.count.saturating_add(other.count);
            self.sum += other.sum;
            self.min = self.min.min(other.min);
            self.max = self.max.max(other.max);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_whole_is_its_parts(values in prop::collection::vec(any::<u64>(), 0..30), at in 0usize..30) {
            let roll = |values: &[u64]| {
                let mut roll = Roll::<u64>::default();
                values.iter().for_each(|value| roll.add(*value));
                roll
            };
            let (head, tail) = values.split_at(at.min(values.len()));
            let mut parts = roll(head);
            parts.merge(roll(tail));
            prop_assert_eq!(parts, roll(&values));
        }

        #[test]
        fn floats_too(values in prop::collection::vec(any::<i32>(), 0..30), at in 0usize..30, hole in any::<bool>()) {
            let roll = |values: &[i32]| {
                let mut roll = Roll::<f64>::default();
                if hole { roll.add(f64::NAN) }
                // Whole numbers, whose sums are exact in any order.
                values.iter().for_each(|value| roll.add(f64::from(*value)));
                roll
            };
            let (head, tail) = values.split_at(at.min(values.len()));
            let mut parts = roll(head);
            parts.merge(roll(tail));
            prop_assert_eq!(parts, roll(&values));
        }
    }
}
