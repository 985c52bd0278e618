//! The table at the end of a run.

use loadspan_record::Summary;
use loadspan_report::console::{Layout, Style, render};

use crate::runs;

fn at_width(summary: &Summary, width: u16) -> String {
    let text = render(
        summary,
        Layout {
            width,
            style: Style::Plain,
        },
    );
    let longest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(longest <= usize::from(width), "a line has {longest} columns\n{text}");
    text
}

#[test]
fn a_streaming_run_at_100_columns() {
    insta::assert_snapshot!(at_width(&runs::streaming(), 100), @"
    meta-llama/Llama-3.1-8B-Instruct  ·  chat, streaming  ·  8 concurrent  ·  19.5 s

    VALID  112 requests completed

    Latency, ms                mean      std      p50      p90      p99      max  steady p50      p99
    ─────────────────────────────────────────────────────────────────────────────────────────────────
    Time to first token       109.1     17.4    108.5    132.6    138.3    139.0       108.4    138.3
    Time to second token       9.97     0.58     9.95    10.75    10.94    10.97        9.95    10.94
    Inter-token latency        9.97     0.58     9.95    10.75    10.94    10.97        9.95    10.94
    Inter-chunk latency        9.97     0.58     9.95    10.76    10.95    10.97
    Request latency           1,375       91    1,372    1,498    1,528    1,532       1,371    1,528

    Throughput               whole run   steady
    ───────────────────────────────────────────
    Requests/s                    5.74     5.82
    Good requests/s               3.89
      of completed + failed     67.9 %
    Output tokens/s              734.1    744.6
      per user, p50              100.5    100.5
    Input tokens/s               3,155    3,199
    Total tokens/s               3,889    3,944
    In flight, mean               7.94     8.00
    In flight, most                  8        8

    Tokens   550 in, 128 out per request; output counted by the server
    SLO      time_to_first_token 120.0: 76 of 112; inter_token_latency 11.00: 112 of 112
    Steady   19.2 s of 19.5 s measured (98.2 %), 105 requests
    Warm-up  8 requests, excluded
    Client   0.075 CPUs, busiest worker 6 %, loop lag p99 0.31 ms, 45 MiB
    ");
}

#[test]
fn a_streaming_run_at_80_columns() {
    insta::assert_snapshot!(at_width(&runs::streaming(), 80), @"
    meta-llama/Llama-3.1-8B-Instruct  ·  chat, streaming  ·  8 concurrent  ·  19.5 s

    VALID  112 requests completed

    Latency, ms                mean      p50      p90      p99      max  steady p99
    ───────────────────────────────────────────────────────────────────────────────
    Time to first token       109.1    108.5    132.6    138.3    139.0       138.3
    Time to second token       9.97     9.95    10.75    10.94    10.97       10.94
    Inter-token latency        9.97     9.95    10.75    10.94    10.97       10.94
    Inter-chunk latency        9.97     9.95    10.76    10.95    10.97
    Request latency           1,375    1,372    1,498    1,528    1,532       1,528

    Throughput               whole run   steady
    ───────────────────────────────────────────
    Requests/s                    5.74     5.82
    Good requests/s               3.89
      of completed + failed     67.9 %
    Output tokens/s              734.1    744.6
      per user, p50              100.5    100.5
    Input tokens/s               3,155    3,199
    Total tokens/s               3,889    3,944
    In flight, mean               7.94     8.00
    In flight, most                  8        8

    Tokens   550 in, 128 out per request; output counted by the server
    SLO      time_to_first_token 120.0: 76 of 112; inter_token_latency 11.00: 112 of
             112
    Steady   19.2 s of 19.5 s measured (98.2 %), 105 requests
    Warm-up  8 requests, excluded
    Client   0.075 CPUs, busiest worker 6 %, loop lag p99 0.31 ms, 45 MiB
    ");
}

#[test]
fn a_run_without_streams_and_with_errors() {
    insta::assert_snapshot!(at_width(&runs::not_streaming(), 100), @"
    meta-llama/Llama-3.1-8B-Instruct  ·  chat, not streaming  ·  2 concurrent  ·  10.1 s

    DEGRADED  180 of 200 requests completed, 20 failed
      - 20 requests failed (10.0 %)
        hint: look at the errors by class before reading any latency

    Latency, ms                mean      std      p50      p90      p99      max  steady p50      p99
    ─────────────────────────────────────────────────────────────────────────────────────────────────
    Request latency           94.99     2.88    95.01    98.94    99.85    99.92       94.98    99.80

    Throughput              whole run   steady
    ──────────────────────────────────────────
    Requests/s                  17.82    17.83
    Output tokens/s             285.2    285.2
    Input tokens/s              9,803    9,805
    Total tokens/s             10,088   10,090
    In flight, mean              1.88     1.88
    In flight, most                 2        2

    Tokens   550 in, 16 out per request; output counted by the server
    Steady   10.1 s of 10.1 s measured (100 %), 179 requests

    Errors
      20  http_status_503  no capacity left  [31mtry again later
    ");
}

#[test]
fn a_run_without_success_shows_no_table_of_zeros() {
    insta::assert_snapshot!(at_width(&runs::all_failed(), 80), @"
    meta-llama/Llama-3.1-8B-Instruct  ·  chat, streaming  ·  1 concurrent  ·  56 ms

    INVALID  0 of 12 requests completed, 12 failed
      - no request completed; 12 failed
        hint: look at the errors by class before reading any latency

    Errors
      8  connect             connection refused
      4  timeout_first_byte
    ");
}

#[test]
fn one_request_cut_short() {
    insta::assert_snapshot!(at_width(&runs::one_request(), 80), @"
    meta-llama/Llama-3.1-8B-Instruct  ·  chat, streaming  ·  1 concurrent  ·  5.2 s

    DEGRADED  1 request completed
      - the run was cut short: interrupted
        hint: the figures are of what there is; compare only runs that came to their
              end
      - 1 request completed: percentiles in the tail are close to the maximum
        hint: raise --request-count or --benchmark-duration

    Latency, ms                mean      std      p50      p90      p99      max
    ────────────────────────────────────────────────────────────────────────────
    Time to first token       100.0      0.0    100.0    100.0    100.0    100.0
    Time to first answer      4,100        0    4,100    4,100    4,100    4,100
    Time to second token      40.00     0.00    40.00    40.00    40.00    40.00
    Inter-token latency       10.00     0.00    10.00    10.00    10.00    10.00
    Time per output token      9.94     0.00     9.94     9.94     9.94     9.94
    Inter-chunk latency       40.00     0.00    40.00    40.00    40.00    40.00
    Request latency           5,180        0    5,180    5,180    5,180    5,180

    Throughput              whole run
    ─────────────────────────────────
    Requests/s                   0.19
    Output tokens/s             98.84
      per user, p50             100.0
    Input tokens/s              106.2
    Total tokens/s              205.0
    In flight, mean              1.00
    In flight, most                 1

    Tokens   550 in, 512 out per request; output counted by the server
    Steady   none: only 1 of the 20 requests that are needed were sent and completed
             while the load was steady: run longer

    Notices
      - the server rejected `stream_options`
    ");
}

#[test]
fn an_open_load_that_missed_its_rate() {
    insta::assert_snapshot!(at_width(&runs::missed_rate(), 100), @"
    meta-llama/Llama-3.1-8B-Instruct  ·  chat, streaming  ·  constant 20 req/s, at most 256 at once
    17.8 s

    INVALID  300 requests completed, 3 never sent
      - requests left the client late: 1480 ms after they were due (p99)
        hint: give the client more cores, or lower --request-rate
      - the achieved rate missed the schedule: 18.2 req/s instead of 20.0
        hint: lower --request-rate, raise --max-concurrency, or give the client more cores
      - the client was short of CPU: its busiest worker ran 97.0 % of the time, its timers were up to
        0.31 ms late (p99)
        hint: lower the load, give the client more cores, or move it off the server's machine
      - the output tokens of 100 % of the requests are counted as chunks, which may hold several
        hint: pass --tokenizer, or ask the server for usage in its streams

    Latency, ms                mean      std      p50      p90      p99      max  steady p50      p99
    ─────────────────────────────────────────────────────────────────────────────────────────────────
    Time to first token       110.0     17.3    110.1    133.9    139.3    139.8       109.8    139.2
    Time to second token       9.50     0.00     9.50     9.50     9.50     9.50        9.50     9.50
    Inter-token latency        9.50     0.00     9.50     9.50     9.50     9.50        9.50     9.50
    Inter-chunk latency        9.50     0.00     9.50     9.50     9.50     9.50
    Request latency           1,317       17    1,317    1,340    1,346    1,346       1,316    1,346
    Latency from schedule     2,064      433    2,065    2,660    2,800    2,824       2,065    2,699
    Schedule lag                748      433      748    1,346    1,480    1,495

    Throughput              whole run   steady
    ──────────────────────────────────────────
    Requests/s                  16.90    18.17
    Output tokens/s             2,163    2,325
      per user, p50             105.3    105.3
    Input tokens/s              9,293    9,992
    Total tokens/s             11,455   12,317
    In flight, mean             22.24    23.92
    In flight, most                25       25

    Load     18.18 req/s sent, 20.00 scheduled; dispatch delay p99 1,480 ms, max 1,495 ms
    Tokens   550 in, 128 out per request; output counted by chunks
    Steady   15.4 s of 17.8 s measured (87 %), 258 requests
    Client   0.075 CPUs, busiest worker 97 %, loop lag p99 0.31 ms, 45 MiB
    ");
}

#[test]
fn colour_adds_nothing_but_colour() {
    let summary = runs::missed_rate();
    let coloured = render(
        &summary,
        Layout {
            width: 100,
            style: Style::Ansi,
        },
    );
    assert!(coloured.contains("\x1b[1;31mINVALID\x1b[0m"), "{coloured}");
    assert_eq!(without_escapes(&coloured), at_width(&summary, 100));
}

#[test]
fn what_the_server_says_moves_no_cursor() {
    assert!(!at_width(&runs::not_streaming(), 80).contains('\x1b'));
}

fn without_escapes(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once('m').map_or("", |(_, rest)| rest)
    })
}
