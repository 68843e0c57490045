//! The lines that count.

#![allow(dead_code, reason = "each benchmark uses its own kinds of lines")]

/// Prints each figure and remembers whether a goal was missed.
#[derive(Default)]
pub struct Report {
    missed: usize,
}

impl Report {
    /// A figure with a baseline of the same run: `value / baseline` must be at least `goal`.
    pub fn at_least(&mut self, name: &str, value: f64, baseline: f64, goal: f64) {
        let ratio = value / baseline;
        self.line(
            name,
            value,
            baseline,
            ratio,
            &format!(">={goal}"),
            ratio >= goal,
        );
    }

    /// A figure with an upper bound; the baseline is the bound.
    pub fn at_most(&mut self, name: &str, value: f64, bound: f64) {
        let ratio = value / bound;
        self.line(name, value, bound, ratio, "<=1", ratio <= 1.0);
    }

    /// A figure with a baseline of the same run: `value / baseline` must be at most `goal`.
    pub fn at_most_times(&mut self, name: &str, value: f64, baseline: f64, goal: f64) {
        let ratio = value / baseline;
        self.line(
            name,
            value,
            baseline,
            ratio,
            &format!("<={goal}"),
            ratio <= goal,
        );
    }

    fn line(&mut self, name: &str, value: f64, baseline: f64, ratio: f64, goal: &str, ok: bool) {
        self.missed += usize::from(!ok);
        let end = if ok { "ok" } else { "MISS" };
        println!(
            "bench {name} value={value:.3} baseline={baseline:.3} ratio={ratio:.3} goal={goal} {end}"
        );
    }

    pub fn end(&self) {
        println!("missed={}", self.missed);
    }
}
