//! Writing families of metrics: a name with what it means, and a value for each set of labels.

use std::fmt::Error;

use handoff_store::Distributed;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Labels of one value: their names are few, and their values of closed sets or the operator's own.
pub(super) type Labels<const N: usize> = [(&'static str, String); N];

/// Returns a label as the set of one.
pub(super) fn labelled(name: &'static str, value: impl Into<String>) -> Labels<1> {
    [(name, value.into())]
}

/// Writes families one after another.
pub(super) struct Families<'e>(pub(super) DescriptorEncoder<'e>);

impl Families<'_> {
    /// Writes what only grows, by labels.
    pub(super) fn counters<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (L, u64)>,
    ) -> Result<(), Error> {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        rows.into_iter().try_for_each(|(labels, count)| {
            ConstCounter::new(count).encode(family.encode_family(&labels)?)
        })
    }

    /// Writes what only grows.
    pub(super) fn counter(&mut self, name: &str, help: &str, count: u64) -> Result<(), Error> {
        let family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(count).encode(family)
    }

    /// Writes what is so now, by labels.
    pub(super) fn gauges<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (L, f64)>,
    ) -> Result<(), Error> {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        rows.into_iter().try_for_each(|(labels, value)| {
            ConstGauge::new(value).encode(family.encode_family(&labels)?)
        })
    }

    /// Writes what is so now, unless nothing is known of it here.
    pub(super) fn gauge(
        &mut self,
        name: &str,
        help: &str,
        value: impl Into<Option<f64>>,
    ) -> Result<(), Error> {
        let family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        value.into().map_or(Ok(()), |value| ConstGauge::new(value).encode(family))
    }

    /// Writes how values are distributed, by labels; `unit` is how many of what was counted are one
    /// of what is told.
    pub(super) fn histograms<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        unit: f64,
        rows: impl IntoIterator<Item = (L, Distributed)>,
    ) -> Result<(), Error> {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        rows.into_iter().try_for_each(|(labels, distributed)| {
            let (sum, count, buckets) = told(&distributed, unit);
            family
                .encode_family(&labels)?
                .encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
        })
    }

    /// Writes how values are distributed.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        help: &str,
        unit: f64,
        distributed: &Distributed,
    ) -> Result<(), Error> {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        let (sum, count, buckets) = told(distributed, unit);
        family.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    /// Writes a value of one that says something by its labels.
    pub(super) fn info(
        &mut self,
        name: &str,
        help: &str,
        labels: &impl EncodeLabelSet,
    ) -> Result<(), Error> {
        self.0.encode_descriptor(name, help, None, MetricType::Info)?.encode_info(labels)
    }
}

/// Returns the sum, the count, and the count below each bound.
#[expect(clippy::cast_precision_loss, reason = "a figure that is shown needs no 53 bits")]
fn told(distributed: &Distributed, unit: f64) -> (f64, u64, Vec<(f64, u64)>) {
    let bounds = distributed.bounds.iter().map(|bound| *bound as f64 / unit);
    let buckets = bounds.chain([f64::INFINITY]).zip(distributed.counts.iter().copied()).collect();
    (distributed.sum as f64 / unit, distributed.counts.iter().sum(), buckets)
}
