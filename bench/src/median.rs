//! What is said of several rounds: the median, and how far they lay apart.

/// The middle figure; of an even number of figures the mean of the two in the middle.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let sorted = sorted(figures);
    let upper = sorted.get(sorted.len() / 2);
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2);
    match (lower, upper) {
        (Some(lower), Some(upper)) => f64::midpoint(*lower, *upper),
        _ => f64::NAN,
    }
}

/// The least and the greatest figure.
pub(crate) fn range(figures: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let sorted = sorted(figures);
    let least = sorted.first().copied().unwrap_or(f64::NAN);
    let greatest = sorted.last().copied().unwrap_or(f64::NAN);
    (least, greatest)
}

/// A count as a figure to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts of rows and operations are far below 2^52")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

fn sorted(figures: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = figures.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}
