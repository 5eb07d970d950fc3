//! What one measurement says, and the median of several.

/// What a request costs its server, in CPU time of all its threads.
pub const CPU: Quantity = Quantity::new("CPU per request", "µs");
/// How much of a core the server uses; it waits for the load the rest of the time.
pub const BUSY: Quantity = Quantity::new("CPU in use", "%");
/// How much of a core neither the server nor the load uses: above a few percent, measure again.
pub const OTHERS: Quantity = Quantity::new("CPU of others", "%");
/// How many requests are answered in a second.
pub const RATE: Quantity = Quantity::new("requests", "1/s");
/// The median time until an answer.
pub const P50: Quantity = Quantity::new("p50", "µs");
/// The time until an answer that one in a hundred exceeds.
pub const P99: Quantity = Quantity::new("p99", "µs");
/// What a connection that rests costs its server.
pub const MEMORY: Quantity = Quantity::new("memory per idle connection", "B");

/// Is something that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// What it is.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
}

impl Quantity {
    pub(crate) const fn new(name: &'static str, unit: &'static str) -> Self {
        Self { name, unit }
    }
}

/// Is what one measurement of one server has found.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading(pub Vec<(Quantity, f64)>);

impl Reading {
    /// Gives a value.
    pub fn value(&self, quantity: Quantity) -> Option<f64> {
        let mut values = self.0.iter();
        let found = values.find(|(known, _)| *known == quantity);
        found.map(|(_, value)| *value)
    }

    /// Gives the median of each quantity.
    pub fn median(readings: &[&Self]) -> Option<Self> {
        let quantities = readings.first()?.0.iter().map(|(quantity, _)| *quantity);
        let medians = quantities.filter_map(|quantity| {
            let values = readings.iter();
            let values = values.filter_map(|reading| reading.value(quantity));
            Some((quantity, median(values)?))
        });
        Some(Self(medians.collect()))
    }
}

/// Gives the median, the lower one of an even number.
pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len().saturating_sub(1) / 2;
    values.get(middle).copied()
}

#[cfg(test)]
mod tests {
    use super::{CPU, P99, Reading};

    #[test]
    fn a_median_is_taken_of_each_quantity_alone() {
        let reading = |cpu, p99| Reading(vec![(CPU, cpu), (P99, p99)]);
        let readings = [reading(3.0, 10.0), reading(1.0, 30.0), reading(2.0, 20.0)];
        let readings: Vec<&Reading> = readings.iter().collect();
        assert_eq!(Reading::median(&readings), Some(reading(2.0, 20.0)));
        assert_eq!(Reading::median(&[]), None);
    }
}
