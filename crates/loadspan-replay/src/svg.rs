//! A graph as a picture: time to the right, a lane for each of what ran at once, an arrow for each edge.

mod markup;
mod place;

use self::markup::{Svg, Way};
use self::place::{Placed, place};
use crate::graph::{Graph, Reason};
use crate::inspect::{Seconds, counted};
use crate::recording::{Call, Session};

/// The colours of loadspan's charts.
const TEXT: &str = "#1a1d23";
const SECONDARY: &str = "#454c57";
const GRID: &str = "#e4e7ec";
const BOX: &str = "#f0f2f5";
const AXIS: &str = "#7d8491";
const ERROR: &str = "#b3261e";

const MARGIN: f64 = 24.0;
const HEAD: f64 = 64.0;
const LANE: f64 = 52.0;
const HEIGHT: f64 = 32.0;
/// A letter of a label is at most so wide, or nearly.
const LETTER: f64 = 8.0;
/// How long an arrow stays level before a call.
const BEND: f64 = 18.0;
/// How far an arrow is pulled down that goes below others in its lane.
const DIP: f64 = 32.0;
/// The legend below the lanes.
const FOOT: f64 = 40.0;

/// What an arrow is coloured for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Recorded,
    ToolCall,
    Continuation,
    Text,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Recorded, Self::ToolCall, Self::Continuation, Self::Text];

    const fn of(reason: &Reason) -> Self {
        match reason {
            Reason::Recorded(_) => Self::Recorded,
            Reason::ToolCall(_) => Self::ToolCall,
            Reason::Continuation => Self::Continuation,
            Reason::SameText | Reason::Quote => Self::Text,
        }
    }

    const fn colour(self) -> &'static str {
        match self {
            Self::Recorded => "#2557a8",
            Self::ToolCall => "#3d9d8d",
            Self::Continuation => "#760c52",
            Self::Text => "#8e5e0e",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::ToolCall => "tool call",
            Self::Continuation => "continuation",
            Self::Text => "text",
        }
    }
}

/// The graph of a session as an SVG document. The same graph gives the same bytes.
#[must_use]
pub fn render_svg(session: &Session, graph: &Graph) -> String {
    let placed = place(session.calls());
    let calls = counted(session.calls().len(), "call");
    let title = format!("Session {}", session.id());
    let about = format!("{calls}, {}", counted(graph.edges.len(), "edge"));
    let height = HEAD + placed.lanes as f64 * LANE + FOOT;
    let mut svg = Svg::open(placed.width + 2.0 * MARGIN, height, &title, &about);
    svg.text(MARGIN, 28.0, 16.0, TEXT, &title);
    svg.text(MARGIN, 48.0, 12.0, SECONDARY, &about);
    for lane in 0..placed.lanes {
        let y = middle(lane);
        svg.line(MARGIN, y, MARGIN + placed.width, y, GRID);
    }
    for edge in &graph.edges {
        let (from, to) = (&placed.boxes[edge.from], &placed.boxes[edge.to]);
        let start = (MARGIN + from.left + from.width, middle(from.lane));
        let end = (MARGIN + to.left, middle(to.lane));
        let about = format!("#{} waits for #{}: {}", edge.to, edge.from, edge.reason);
        let way = Way {
            bend: BEND,
            dip: if placed.is_free(edge.from, edge.to) { 0.0 } else { DIP },
        };
        svg.arrow(start, end, way, Kind::of(&edge.reason).colour(), &about);
    }
    for (at, call) in session.calls().iter().enumerate() {
        draw_call(&mut svg, &placed, at, call);
    }
    legend(&mut svg, height - 16.0);
    svg.close()
}

fn middle(lane: usize) -> f64 {
    HEAD + (lane as f64 + 0.5) * LANE
}

fn draw_call(svg: &mut Svg, placed: &Placed, at: usize, call: &Call) {
    let place = &placed.boxes[at];
    let (left, top) = (MARGIN + place.left, middle(place.lane) - HEIGHT / 2.0);
    let took = std::time::Duration::from_nanos(call.end_ns - call.start_ns);
    let model = call.model.as_deref().unwrap_or("(no model)");
    let about = format!(
        "#{at} {} {model} [{}], {}",
        call.operation.word(),
        call.id,
        Seconds(took)
    );
    let stroke = if call.failed { ERROR } else { AXIS };
    svg.rect((left, top), (place.width, HEIGHT), (BOX, stroke), &about);
    let label = format!("#{at} {model}");
    let label = if label.chars().count() as f64 * LETTER < place.width - 12.0 {
        label
    } else {
        format!("#{at}")
    };
    svg.text(left + 6.0, top + HEIGHT / 2.0 + 4.0, 12.0, TEXT, &label);
}

fn legend(svg: &mut Svg, y: f64) {
    let mut x = MARGIN;
    for kind in Kind::ALL {
        svg.line(x, y - 4.0, x + 20.0, y - 4.0, kind.colour());
        svg.text(x + 26.0, y, 12.0, SECONDARY, kind.name());
        x += 120.0;
    }
}
