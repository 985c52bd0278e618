//! Made-up runs of several stages and of sessions.

use std::time::Duration;

use loadspan_record::{
    Failure, FailureKind, LoadFacts, LoadModel, Outcome, Phase, PromptReuse, RequestRecord, RunFacts, RunOffset,
    StageFacts, StageRole, SummaryBuilder,
};
use loadspan_report::plot::Requests;

use crate::made_up::{MadeUpRun, MeasuredRun};

/// A stage to be made up.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) rate: f64,
    pub(crate) seconds: f64,
    /// How long nothing is sent after it.
    pub(crate) pause_s: f64,
    pub(crate) role: StageRole,
    /// Whether nothing of it completes.
    pub(crate) fails: bool,
}

impl Step {
    pub(crate) fn new(name: &str, rate: f64) -> Self {
        Self {
            name: name.to_owned(),
            rate,
            seconds: 30.0,
            pause_s: 4.0,
            role: StageRole::Measured,
            fails: false,
        }
    }

    fn warm_up() -> Self {
        Self {
            role: StageRole::Warmup,
            ..Self::new("warm up", 10.0)
        }
    }
}

/// A warm-up, then three rates of which the server does not keep up with the last, with pauses between them.
pub(crate) fn rate_ladder() -> MeasuredRun {
    let steps = [("10 req/s", 10.0), ("20 req/s", 20.0), ("overload", 60.0)];
    let steps = steps.map(|(name, rate)| Step::new(name, rate));
    ladder(&[vec![Step::warm_up()], steps.into()].concat(), 3)
}

/// Stages one after the other.
pub(crate) fn ladder(steps: &[Step], seed: u64) -> MeasuredRun {
    let mut facts = MadeUpRun::open_load(1).facts();
    facts.load = LoadFacts {
        description: format!("{} stages", steps.len()),
        model: LoadModel::Staged,
    };
    facts.slo = "ttft:200".parse().ok();
    let mut records = Vec::new();
    let mut from_s = 0.0;
    for (number, step) in (0..).zip(steps) {
        let requests = (step.rate * step.seconds) as u32;
        let mut stage = MadeUpRun::at_rate(step.rate, requests, u64::from(number) + seed);
        let own = stage.records().into_iter().map(|mut record| {
            shift(&mut record, Duration::from_secs_f64(from_s));
            record.stage = number;
            record.phase = match step.role {
                StageRole::Warmup => Phase::Warmup,
                StageRole::Measured => Phase::Measure,
            };
            if step.fails {
                record.outcome = Outcome::Failed(Failure::new(FailureKind::HttpStatus(503)));
                (record.timings.first_token_at, record.timings.last_token_at) = (None, None);
            }
            record
        });
        records.extend(own);
        let ended_s = records.iter().map(|record| record.timings.finished_at.as_secs_f64());
        let ended_s = ended_s.fold(0.0, f64::max);
        facts.stages.push(StageFacts {
            name: Some(step.name.clone()),
            role: step.role,
            started_s: Some(from_s),
            ended_s: Some(ended_s),
            ..StageFacts::planned(number, open(step.rate))
        });
        from_s = ended_s + step.pause_s;
    }
    measured(&records, facts)
}

/// 24 sessions at a time, of two to nine turns, with think time and a growing context; some fail, some are cut at the end.
pub(crate) fn sessions() -> MeasuredRun {
    let mut facts = MadeUpRun::open_load(1).facts();
    facts.run.measured_from_s = Some(0.0);
    facts.prompts = PromptReuse::MayRepeat;
    facts.load = LoadFacts {
        description: "24 sessions at a time".to_owned(),
        model: LoadModel::ClosedSessions { sessions: 24 },
    };
    let mut pool = MadeUpRun::at_rate(10.0, 2_000, 11).records().into_iter();
    let mut records = Vec::new();
    for slot in 0..24_u64 {
        let (mut at, mut number) = (0.1 * slot as f64, slot);
        while at < 120.0 {
            let turns = 2 + (number * 7 % 8) as u32;
            for turn in 0..turns {
                let Some(mut record) = pool.next() else { break };
                let own = record.timings.scheduled_at;
                shift_to(&mut record, (own, at));
                record.phase = Phase::Measure;
                record.session = Some(number);
                (record.turn, record.turns) = (Some(turn), Some(turns));
                record.tokens.input = record.tokens.input.map(|input| input + turn * 400);
                record.tokens.cached_input = record.tokens.input.map(|input| input * turn.min(4) / 5);
                at = record.timings.finished_at.as_secs_f64() + 1.5 + f64::from(turn) * 0.4;
                let ends = !record.outcome.is_completed() || at > 120.0;
                records.push(record);
                if ends {
                    break;
                }
            }
            number += 24;
        }
    }
    measured(&records, facts)
}

fn measured(records: &[RequestRecord], facts: RunFacts) -> MeasuredRun {
    let mut builder = SummaryBuilder::new();
    records.iter().for_each(|record| builder.push(record));
    MeasuredRun {
        summary: builder.finish(facts),
        requests: records.iter().collect::<Requests>(),
        server: Vec::new(),
        gpus: Vec::new(),
    }
}

fn open(rate: f64) -> LoadFacts {
    LoadFacts {
        description: format!("poisson {rate} req/s"),
        model: LoadModel::Open {
            target_rate: Some(rate),
            max_concurrency: None,
        },
    }
}

fn shift(record: &mut RequestRecord, later: Duration) {
    each_time(record, |at| at.after(later));
}

/// Moves a request that was due at `from` to a moment, in seconds.
fn shift_to(record: &mut RequestRecord, (from, to_s): (RunOffset, f64)) {
    each_time(record, |at| {
        RunOffset::from_nanos((to_s * 1e9) as u64 + at.nanos_since(from))
    });
}

fn each_time(record: &mut RequestRecord, change: impl Fn(RunOffset) -> RunOffset) {
    let timings = &mut record.timings;
    for at in [&mut timings.scheduled_at, &mut timings.finished_at] {
        *at = change(*at);
    }
    for at in [
        &mut timings.sent_at,
        &mut timings.first_chunk_at,
        &mut timings.first_token_at,
        &mut timings.first_answer_token_at,
        &mut timings.last_token_at,
    ] {
        *at = at.map(&change);
    }
}

#[cfg(test)]
mod tests {
    use loadspan_report::html::{HtmlReport, render};
    use loadspan_report::plot::{CompareChart, RunData, Size, Statistic, Theme, render_svg};
    use loadspan_report::{console, summary_csv, timeslices_csv};

    use super::*;

    fn table(run: &MeasuredRun, width: u16) -> String {
        let style = console::Style::Plain;
        console::render(&run.summary, console::Layout { width, style })
    }

    /// From the line that begins with `start` to the next empty one.
    fn block<'a>(text: &'a str, start: &str) -> &'a str {
        let from = text.find(&format!("\n{start}")).unwrap() + 1;
        text[from..].split("\n\n").next().unwrap()
    }

    #[test]
    fn each_stage_has_a_row() {
        let ladder = rate_ladder();
        insta::assert_snapshot!(block(&table(&ladder, 100), "By stage"), @r"
        By stage, ms   offered  req/s  TTFT p50  TTFT p99  lat. p50  lat. p99  good/s  failed   verdict
        ───────────────────────────────────────────────────────────────────────────────────────────────
        warm up       10 req/s                                                                  warm-up
        10 req/s      10 req/s   9.73      86.4     318.9     1,543     4,666    9.02       0     valid
        20 req/s      20 req/s  18.39      84.4     379.9     1,365     5,076   17.00       1     valid
        overload      60 req/s  51.64     161.4     668.2     2,814     9,981   32.92      26  degraded
        ───────────────────────────────────────────────────────────────────────────────────────────────
        total                   27.34     136.7     595.3     2,126     9,465   20.08      27  degraded
        ");
        insta::assert_snapshot!(block(&table(&ladder, 60), "By stage"), @r"
        By stage, ms  req/s  TTFT p99  good/s  failed   verdict
        ───────────────────────────────────────────────────────
        warm up                                         warm-up
        10 req/s       9.73     318.9    9.02       0     valid
        20 req/s      18.39     379.9   17.00       1     valid
        overload      51.64     668.2   32.92      26  degraded
        ───────────────────────────────────────────────────────
        total         27.34     595.3   20.08      27  degraded
        ");
    }

    #[test]
    fn sessions_are_told_by_turn_and_by_context() {
        let text = table(&sessions(), 100);
        let told = ["Sessions", "By turn", "By input"].map(|start| block(&text, start));
        insta::assert_snapshot!(told.join("\n\n"), @r"
        Sessions 185 of 208 completed, 4 failed, 19 cut short, 4.04 turns each, 65 turns never sent
        Lasted   p50 8.5 s, p99 36.3 s; without think time p50 4.5 s, p99 13.1 s
        Cached   53.7 % of the input tokens of sessions

        By turn, ms  requests  TTFT p50  TTFT p99  lat. p50  lat. p99  cached
        ─────────────────────────────────────────────────────────────────────
        1                 207      71.5     197.6     1,309     2,283     0 %
        2                 201      73.2     243.7     1,308     2,294    20 %
        3                 138      72.9     198.5     1,318     2,336    40 %
        4–7               237      73.5     267.2     1,223     2,316  73.6 %
        8–15               27      69.7     147.5       987     2,247    80 %

        By input tokens, ms  requests  TTFT p50  TTFT p99  lat. p50  lat. p99  cached
        ─────────────────────────────────────────────────────────────────────────────
        256–511                   170      72.2     191.4     1,321     2,286     0 %
        512–1,023                 228      72.3     236.9     1,309     2,292  17.4 %
        1,024–2,047               290      72.6     215.7     1,282     2,304  55.5 %
        2,048–4,095               122      73.4     270.0     1,183     2,389    80 %
        ");
    }

    #[test]
    fn the_csv_has_a_block_for_stages_and_four_for_sessions() {
        let heads = |text: String| -> Vec<String> {
            let blocks = text.split("\n\n").map(|block| block.chars().take(40).collect());
            blocks.collect()
        };
        insta::assert_debug_snapshot!(heads(summary_csv::render(&rate_ladder().summary)), @r#"
        [
            "metric,unit,count,mean,std,min,p1,p5,p10",
            "metric,unit,value\nrequest_throughput,req",
            "stage,name,load,verdict,started_s,ended_",
        ]
        "#);
        insta::assert_debug_snapshot!(heads(summary_csv::render(&sessions().summary)), @r#"
        [
            "metric,unit,count,mean,std,min,p1,p5,p10",
            "metric,unit,value\nrequest_throughput,req",
            "sessions,unit,count,mean,std,min,p1,p5,p",
            "sessions,value\nseen,208\ncompleted,185\nfa",
            "turn_from,turn_to,requests,cached_input_",
            "input_tokens_from,input_tokens_to,reques",
        ]
        "#);
    }

    #[test]
    fn slices_name_their_stage_where_there_are_several() {
        let slices = |stages: &[u32]| {
            let mut builder = SummaryBuilder::new();
            for (place, stage) in (0..).zip(stages) {
                let mut record = crate::runs::whole(f64::from(place) * 400.0, 300.0);
                record.stage = *stage;
                builder.push(&record);
            }
            timeslices_csv::render(&builder.timeslices(Duration::from_millis(500)))
        };
        let several = slices(&[0, 1]);
        let rows: Vec<&str> = several.lines().map(|row| &row[..10]).collect();
        assert_eq!(rows, ["stage,star", "0,0,0.3,fa", "1,0.4,0.7,"]);
        assert!(slices(&[0, 0]).starts_with("start_s,"));
    }

    /// The texts of a chart of stages, in the order in which they are drawn.
    fn texts_of_stages(steps: &[Step], chart: CompareChart) -> String {
        let run = ladder(steps, 3);
        let chart = chart.of_stages(&run.summary, Statistic::default()).unwrap();
        let svg = render_svg(&chart, Theme::Light, Size::default());
        let elements = svg.lines().filter(|line| line.starts_with("<text "));
        let texts = elements.filter_map(|line| line.split_once('>')?.1.strip_suffix("</text>"));
        // Those of the axes are numbers.
        texts
            .filter(|text| text.replace(',', "").parse::<f64>().is_err())
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn measured_stages_are_the_points_of_a_curve() {
        let [low, high, more] =
            [("low", 10.0), ("high", 40.0), ("more", 80.0)].map(|(name, rate)| Step::new(name, rate));
        let steps = [Step::warm_up(), low, high, more];
        insta::assert_snapshot!(texts_of_stages(&steps, CompareChart::LatencyThroughput), @r"
        Latency by throughput
        Qwen/Qwen3-8B  ·  4 stages  ·  3,900 measured requests
        degraded run
        request latency, p99 (ms)
        measured stages in their order
        output token throughput (tok/s)
        better
        low
        high
        more (degraded)
        3 measured stages, joined in their order; p99 over the completed requests of each point.
        ");
    }

    #[test]
    fn a_stage_without_figures_is_told_and_long_names_are_shortened() {
        let [low, high] =
            [10, 20].map(|rate| Step::new(&format!("as much as {rate} requests each second"), rate.into()));
        let down = Step {
            fails: true,
            ..Step::new("as much as 40 requests each second", 40.0)
        };
        insta::assert_snapshot!(texts_of_stages(&[low, high, down], CompareChart::TtftThroughput), @r"
        Time to first token by throughput
        Qwen/Qwen3-8B  ·  3 stages  ·  2,100 measured requests
        invalid run
        time to first token, p99 (ms)
        measured stages in their order
        output token throughput (tok/s)
        target 200 ms
        better
        …10…
        …20…
        2 measured stages, joined in their order; p99 over the completed requests of each point. Without these figures: as much as 40 requests each second.
        ");
    }

    #[test]
    fn one_measured_stage_is_no_curve() {
        let run = ladder(&[Step::warm_up(), Step::new("only", 20.0)], 3);
        assert!(!CompareChart::is_of(&run.summary));
        let none = CompareChart::TtftThroughput.of_stages(&run.summary, Statistic::default());
        assert_eq!(
            none.unwrap_err().to_string(),
            "no data for time to first token by throughput: it takes two measured stages that have both figures"
        );
    }

    #[test]
    fn the_page_has_stages_and_their_bands() {
        let run = rate_ladder();
        let data = RunData {
            summary: &run.summary,
            requests: &run.requests,
            server: &run.server,
            gpus: &run.gpus,
        };
        let page = render(&HtmlReport { data, run: None });
        assert!(
            page.contains("<h2>Stages</h2>") && page.contains("overload"),
            "no stages"
        );
        assert!(
            page.contains(r#""ink":"stage-1""#) && page.contains(r#""ink":"shade""#),
            "no bands"
        );
        assert!(!page.contains("<h2>Sessions</h2>"));
        assert_eq!(
            cells_of(&page, "warm up")[1..5],
            ["poisson 10 req/s", "–", "–", "–"],
            "a warm-up has counts"
        );
        assert_eq!(cells_of(&page, "overload")[3], "26");
    }

    /// The first row of a table whose first cell is `name`.
    fn cells_of<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
        let rows = page.split("<tr").map(|row| row.split("</tr>").next().unwrap());
        let mut texts = rows.map(|row| {
            row.split("</span>")
                .map(|cell| cell.rsplit('>').next().unwrap())
                .collect::<Vec<_>>()
        });
        texts.find(|cells| cells.first() == Some(&name)).unwrap()
    }
}
