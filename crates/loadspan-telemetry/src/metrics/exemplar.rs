//! Exemplars: single requests that stand for a bucket, so that one can get from a histogram to a trace.

use loadspan_wire::otlp::metrics::{self, exemplar};

/// Most exemplars of an exponential histogram.
const RESERVOIR: usize = 20;

/// A request that a value came from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Origin {
    pub(super) time_unix_ns: u64,
    /// Trace and span. `None` when the run has no traces.
    pub(super) span: Option<(u128, u64)>,
}

/// A value and the request that it came from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Exemplar {
    pub(super) value: f64,
    pub(super) origin: Origin,
}

/// The exemplars of a histogram since its last export.
#[derive(Debug)]
pub(super) enum Exemplars {
    /// The last of each bucket.
    PerBucket(Vec<Option<Exemplar>>),
    /// Some, each as likely as any other.
    Some {
        /// Those kept.
        kept: Vec<Exemplar>,
        /// Those that there were.
        offered: u64,
    },
}

impl Exemplars {
    pub(super) const fn one_per_bucket() -> Self {
        Self::PerBucket(Vec::new())
    }

    pub(super) const fn some() -> Self {
        Self::Some {
            kept: Vec::new(),
            offered: 0,
        }
    }

    /// Takes an exemplar, perhaps in place of another. `bucket` matters where each has its own.
    pub(super) fn offer(&mut self, bucket: usize, exemplar: Exemplar) {
        match self {
            Self::PerBucket(slots) => {
                if slots.len() <= bucket {
                    slots.resize(bucket + 1, None);
                }
                slots[bucket] = Some(exemplar);
            }
            Self::Some { kept, offered } => {
                *offered += 1;
                if kept.len() < RESERVOIR {
                    kept.push(exemplar);
                } else if let Some(slot) = kept.get_mut(draw(*offered) as usize) {
                    *slot = exemplar;
                }
            }
        }
    }

    /// Those since the last call.
    pub(super) fn take(&mut self) -> Vec<Exemplar> {
        match self {
            Self::PerBucket(slots) => slots.iter_mut().filter_map(Option::take).collect(),
            Self::Some { kept, offered } => {
                *offered = 0;
                std::mem::take(kept)
            }
        }
    }
}

impl Exemplar {
    /// As it goes over the wire.
    pub(super) fn encode(&self) -> metrics::Exemplar {
        let (trace_id, span_id) = self.origin.span.map_or_else(Default::default, |(trace, span)| {
            (trace.to_be_bytes().to_vec(), span.to_be_bytes().to_vec())
        });
        metrics::Exemplar {
            time_unix_nano: self.origin.time_unix_ns,
            value: Some(exemplar::Value::AsDouble(self.value)),
            trace_id,
            span_id,
            ..metrics::Exemplar::default()
        }
    }
}

/// A number below `bound`, spread evenly enough: the finaliser of SplitMix64.
const fn draw(bound: u64) -> u64 {
    let mut bits = bound.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)) % bound
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(value: f64) -> Exemplar {
        Exemplar {
            value,
            origin: Origin {
                time_unix_ns: 7,
                span: Some((0xabc, 0x1)),
            },
        }
    }

    fn values(exemplars: &mut Exemplars) -> Vec<f64> {
        exemplars.take().iter().map(|exemplar| exemplar.value).collect()
    }

    #[test]
    fn a_bucket_keeps_its_last_exemplar_until_it_is_exported() {
        let mut exemplars = Exemplars::one_per_bucket();
        for (bucket, value) in [(3, 1.0), (0, 2.0), (3, 3.0)] {
            exemplars.offer(bucket, exemplar(value));
        }
        assert_eq!(values(&mut exemplars), [2.0, 3.0]);
        assert!(values(&mut exemplars).is_empty());
    }

    #[test]
    fn a_reservoir_keeps_twenty_from_all_over_the_interval() {
        let mut exemplars = Exemplars::some();
        for value in 0..10_000 {
            exemplars.offer(0, exemplar(f64::from(value)));
        }
        let kept = values(&mut exemplars);
        assert_eq!(kept.len(), RESERVOIR);
        let late = kept.iter().filter(|value| **value >= 5_000.0).count();
        assert!((4..=16).contains(&late), "{kept:?}");
        assert!(values(&mut exemplars).is_empty());
    }

    #[test]
    fn ids_go_out_in_network_order_or_not_at_all() {
        let encoded = exemplar(1.5).encode();
        assert_eq!(encoded.trace_id, [[0; 14].as_slice(), &[0x0a, 0xbc]].concat());
        assert_eq!(encoded.span_id, [0, 0, 0, 0, 0, 0, 0, 1]);
        let mut without = exemplar(1.5);
        without.origin.span = None;
        assert!(without.encode().trace_id.is_empty() && without.encode().span_id.is_empty());
    }
}
