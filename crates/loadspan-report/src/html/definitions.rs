//! What the figures of this page mean.

use loadspan_record::{Better, Summary};

use super::figures::unit;
use super::markup::{Element, element};

/// A definition for each figure that is on the page.
pub(super) fn section(summary: &Summary) -> Element {
    let metrics = summary.metrics.distributions().map(|(metric, _)| {
        let about = (metric.title(), metric.definition());
        entry(metric.tag(), about, (unit(metric.unit()), metric.better()))
    });
    let scalars = summary.metrics.scalars().map(|(metric, _)| {
        let about = (metric.title(), metric.definition());
        entry(metric.tag(), about, (unit(metric.unit()), metric.better()))
    });
    let list = element("dl")
        .class("definitions")
        .children(metrics.chain(scalars).flatten());
    let percentiles = "Percentiles interpolate linearly between the two nearest values and are exact, but for those of the \
                       inter-chunk latency, which come from a histogram of three digits. The deviation is that of the \
                       population. Warm-up requests are in no figure; failed ones are in no latency, and in the error rate. \
                       A figure that does not exist is left out and never written as zero.";
    element("section")
        .id("definitions")
        .child(element("h2").text("What the figures mean"))
        .child(element("p").text(percentiles))
        .child(list)
}

fn entry(
    tag: &'static str,
    (title, definition): (&'static str, &'static str),
    (unit, better): (&'static str, Better),
) -> [Element; 2] {
    let better = match better {
        Better::Lower => ", less is better",
        Better::Higher => ", more is better",
        Better::Neither => "",
    };
    let name = element("dt")
        .text(title)
        .child(element("code").text(tag))
        .child(element("small").text(format!("{unit}{better}")));
    [name, element("dd").id(&format!("def-{tag}")).text(definition)]
}
