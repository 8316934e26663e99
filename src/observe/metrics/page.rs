//! All metrics as one text: those of the program, and those of each repository.
//!
//! Each repository has a registry of its own, which vanishes with it; so what is one metric to a
//! scraper is put together here, with its description once.

use crate::observe::metrics::{Metrics, ProcessMetrics};
use prometheus::proto::MetricFamily;
use prometheus::{Encoder, TextEncoder};
use std::collections::BTreeMap;

/// How many lines say what a metric is: `# HELP` and `# TYPE`.
const DESCRIPTION: usize = 2;

/// What is to be told a scraper, in the Prometheus text format.
#[derive(Debug, Default)]
pub struct Page {
    /// The text of each metric, by its name.
    families: BTreeMap<String, Vec<u8>>,
}

impl Page {
    /// Begins with what counts for the program, which keeps so many repositories.
    pub fn new(process: &ProcessMetrics, repositories: usize) -> Self {
        process.keeps(repositories);
        let mut page = Self::default();
        page.write(process.registry.gather());
        page
    }

    /// Adds a repository.
    pub fn add(&mut self, metrics: &Metrics) {
        self.write(metrics.gather());
    }

    /// The text, in pieces.
    pub fn pieces(self) -> impl Iterator<Item = Vec<u8>> {
        self.families.into_values()
    }

    fn write(&mut self, families: Vec<MetricFamily>) {
        let encoder = TextEncoder::new();
        for family in families {
            let known = self.families.get_mut(family.name());
            let mut text = Vec::new();
            if let Err(error) = encoder.encode(std::slice::from_ref(&family), &mut text) {
                tracing::error!(%error, name = family.name(), "cannot write a metric");
                continue;
            }
            match known {
                Some(known) => {
                    let samples = text.split_inclusive(|byte| *byte == b'\n').skip(DESCRIPTION);
                    samples.for_each(|line| known.extend_from_slice(line));
                }
                None => drop(self.families.insert(family.name().to_owned(), text)),
            }
        }
    }
}
