//! What is found out before the load, and what is said when it would be pointless.

use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use loadspan_loadgen::openai::{EndpointType, StreamUsage};
use loadspan_loadgen::preflight::{CalibrationNeed, PreflightConfig, PreflightError, PreflightNotice};
use loadspan_record::TokenSource;
use loadspan_testkit::{DurationExt, FakeServer, Fault, Script, Usage};

use crate::harness::{Head, Load, RawServer, json_answer, preflight_of, run_preflight};

fn error(config: PreflightConfig) -> PreflightError {
    run_preflight(config).unwrap_err()
}

/// An address on which nobody listens.
fn nobody() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A server that gives this answer to everything.
fn always(answer: String) -> RawServer {
    RawServer::accept(move |mut stream| {
        let answer = answer.clone();
        std::thread::spawn(move || {
            while let Some(head) = Head::read(&mut stream, 0) {
                head.read_body(&mut stream);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
    })
}

#[test]
fn the_only_model_of_a_server_is_taken() {
    let server = FakeServer::new().models(["only/one"]).start().unwrap();
    let config = PreflightConfig {
        model: None,
        ..preflight_of(&server.url())
    };
    let preflight = run_preflight(config).unwrap();
    assert_eq!(preflight.body.model, "only/one");
    assert_eq!(preflight.notices, [PreflightNotice::ModelChosen("only/one".to_owned())]);
}

#[test]
fn of_several_models_one_must_be_named() {
    let server = FakeServer::new().models(["a", "b"]).start().unwrap();
    let error = error(PreflightConfig {
        model: None,
        ..preflight_of(&server.url())
    });
    assert!(error.is_usage());
    assert_eq!(
        error.to_string(),
        "which model? The server has several: a, b\n  hint: name one with -m/--model"
    );
}

#[test]
fn a_model_that_is_not_served_lists_those_that_are() {
    let server = FakeServer::new().only_models(["a", "b"]).start().unwrap();
    let error = error(PreflightConfig {
        model: Some("c".to_owned()),
        ..preflight_of(&server.url())
    });
    let message = error.to_string();
    assert!(
        message.contains("does not serve the model `c`") && message.contains("it serves: a, b"),
        "{message}"
    );
    assert!(error.is_usage());
}

#[test]
fn refused_credentials_say_how_to_pass_others() {
    let server = FakeServer::new().api_key("right").start().unwrap();
    for model in [Some("mock-model".to_owned()), None] {
        let error = error(PreflightConfig {
            model,
            ..preflight_of(&server.url())
        });
        let message = error.to_string();
        assert!(message.contains("refuses the credentials (401)"), "{message}");
        assert!(message.contains("OPENAI_API_KEY") && error.is_usage(), "{message}");
    }
    let mut config = preflight_of(&server.url());
    config.target.api_key = Some(loadspan_record::Secret::new("right"));
    assert!(run_preflight(config).is_ok());
}

#[test]
fn a_wrong_path_is_not_found() {
    let server = FakeServer::new().start().unwrap();
    let message = error(preflight_of(&format!("{}/wrong", server.url()))).to_string();
    assert!(
        message.contains("/v1/chat/completions (404)") && message.contains("--endpoint"),
        "{message}"
    );
}

#[test]
fn nobody_listening_is_said_at_once() {
    let began = Instant::now();
    let address = nobody();
    let error = error(preflight_of(&format!("http://{address}")));
    let message = error.to_string();
    assert!(message.contains(&format!("cannot connect to {address}")), "{message}");
    assert!(
        message.contains("is the server running") && !error.is_usage(),
        "{message}"
    );
    assert!(began.elapsed() < 2.secs());
}

#[test]
fn a_host_that_does_not_exist_is_named() {
    let message = error(preflight_of("http://no-such-host.invalid:8000")).to_string();
    assert!(message.contains("`no-such-host.invalid`"), "{message}");
}

#[test]
fn a_server_of_something_else_is_told_apart() {
    let html = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 15\r\n\r\n<html>hi</html>";
    let server = always(html.to_owned());
    let message = error(preflight_of(&server.url())).to_string();
    assert!(
        message.contains("does not answer like an OpenAI-compatible server"),
        "{message}"
    );
    let message = error(PreflightConfig {
        model: None,
        ..preflight_of(&server.url())
    })
    .to_string();
    assert!(message.contains("no list of models"), "{message}");
    let server = always("220 mail.test ESMTP\r\n\r\n".to_owned());
    let message = error(preflight_of(&server.url())).to_string();
    assert!(message.contains("does not speak HTTP"), "{message}");
}

#[test]
fn a_server_that_hangs_up_is_unreachable() {
    let server = RawServer::accept(drop);
    let message = error(preflight_of(&server.url())).to_string();
    assert!(
        message.contains("closed the connection") || message.contains("reset"),
        "{message}"
    );
}

#[test]
fn a_server_that_never_answers_its_first_request_is_unreachable() {
    let server = FakeServer::new()
        .script(Script::new().fault(Fault::Silence))
        .start()
        .unwrap();
    let mut config = preflight_of(&server.url());
    config.target.deadlines.first_byte = 50.ms();
    let error = error(config);
    assert!(matches!(error, PreflightError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("timeout_first_byte"), "{error}");
}

#[test]
fn an_error_of_the_server_is_passed_on() {
    let server = FakeServer::new()
        .script(Script::new().fault(Fault::status(500)))
        .start()
        .unwrap();
    let error = error(preflight_of(&server.url()));
    assert!(
        error.to_string().contains("with 500: The server had an error"),
        "{error}"
    );
    assert!(!error.is_usage());
}

#[test]
fn refused_stream_options_are_left_out_from_then_on() {
    let script = Script::new()
        .tokens(3, loadspan_testkit::every(0.ms()))
        .fault(Fault::RejectStreamOptions);
    let server = FakeServer::new().script(script).capture(50).start().unwrap();
    let preflight = run_preflight(preflight_of(&server.url())).unwrap();
    assert_eq!(preflight.body.stream_usage, StreamUsage::NotAsked);
    assert_eq!(
        preflight.notices,
        [PreflightNotice::NoStreamOptions, PreflightNotice::NoUsage]
    );
    let report = Load::closed(server.url(), 2, 10).run();
    for record in &report.assert_completed(10).records {
        assert_eq!(
            (record.tokens.output, record.tokens.source),
            (Some(3), Some(TokenSource::ChunkCount))
        );
    }
    let refused = |request: &&loadspan_testkit::CapturedRequest| request.json().get("stream_options").is_some();
    assert_eq!(
        server.requests().iter().filter(refused).count(),
        2,
        "once in each preflight"
    );
}

#[test]
fn a_list_of_what_is_wrong_is_read_for_stream_options_too() {
    let detail = r#"{"detail":[{"loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#;
    let server = always(json_answer("422 Unprocessable Content", detail));
    let message = error(preflight_of(&server.url())).to_string();
    // It was asked again without them, and this server refuses that as well.
    assert!(message.contains("422") && message.contains("Extra inputs"), "{message}");
}

#[test]
fn a_server_that_comes_up_late_is_waited_for() {
    let address = nobody();
    let late = std::thread::spawn(move || {
        std::thread::sleep(200.ms());
        FakeServer::new().start_on(TcpListener::bind(address).unwrap()).unwrap()
    });
    let config = PreflightConfig {
        wait: 20.secs(),
        ..preflight_of(&format!("http://{address}"))
    };
    assert!(run_preflight(config).is_ok());
    drop(late.join());
}

#[test]
fn a_model_that_is_loaded_late_is_waited_for() {
    let server = FakeServer::new()
        .on(
            loadspan_testkit::When::First(1),
            Script::new().fault(Fault::status(503)),
        )
        .start()
        .unwrap();
    let config = PreflightConfig {
        wait: 20.secs(),
        ..preflight_of(&server.url())
    };
    assert!(run_preflight(config).is_ok());
}

#[test]
fn waiting_ends() {
    let began = Instant::now();
    let config = PreflightConfig {
        wait: 100.ms(),
        ..preflight_of(&format!("http://{}", nobody()))
    };
    assert!(matches!(error(config), PreflightError::Unreachable { .. }));
    assert!((100.ms()..5.secs()).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[test]
fn what_no_waiting_can_mend_is_not_waited_for() {
    let server = FakeServer::new().api_key("right").start().unwrap();
    let began = Instant::now();
    error(PreflightConfig {
        wait: Duration::from_secs(600),
        ..preflight_of(&server.url())
    });
    assert!(began.elapsed() < 5.secs());
}

#[test]
fn prompts_of_two_lengths_show_what_words_and_templates_cost() {
    let server = FakeServer::new()
        .tokens_per_word(1.5)
        .chat_template_tokens(11)
        .start()
        .unwrap();
    let config = PreflightConfig {
        calibration: CalibrationNeed::TwoPrompts,
        ..preflight_of(&server.url())
    };
    let preflight = run_preflight(config).unwrap();
    let counted: Vec<_> = preflight
        .observations
        .iter()
        .map(|(observation, text)| (observation.words, text.split(' ').count(), observation.prompt_tokens))
        .collect();
    assert_eq!(counted, [(32, 32, 48 + 11), (256, 256, 384 + 11)]);
    assert_eq!(preflight.notices, []);
}

#[test]
fn a_server_without_usage_is_noticed_once() {
    let server = FakeServer::new()
        .script(Script::new().usage(Usage::Never))
        .start()
        .unwrap();
    let config = PreflightConfig {
        calibration: CalibrationNeed::TwoPrompts,
        ..preflight_of(&server.url())
    };
    let preflight = run_preflight(config).unwrap();
    assert_eq!(
        (preflight.observations.len(), preflight.notices),
        (0, vec![PreflightNotice::NoUsage])
    );
}

#[test]
fn an_empty_answer_is_noticed_and_no_error() {
    let server = FakeServer::new()
        .script(Script::new().fault(Fault::EmptyOutput))
        .start()
        .unwrap();
    let preflight = run_preflight(preflight_of(&server.url())).unwrap();
    assert_eq!(preflight.notices, [PreflightNotice::EmptyAnswer]);
}

#[test]
fn every_endpoint_can_be_asked() {
    for endpoint in [
        EndpointType::Completions,
        EndpointType::Responses,
        EndpointType::Embeddings,
    ] {
        let server = FakeServer::new().start().unwrap();
        let mut config = preflight_of(&server.url());
        config.target.endpoint_type = endpoint;
        config.streaming = endpoint.can_stream();
        let preflight = run_preflight(config).unwrap();
        assert_eq!(preflight.observations[0].0.prompt_tokens, 32, "{endpoint:?}");
    }
}

#[test]
fn a_server_says_its_version_in_the_way_of_its_kind() {
    use loadspan_testkit::ServerKind;

    for (kind, version) in [
        (ServerKind::Vllm, Some("0.11.0")),
        (ServerKind::Sglang, Some("0.5.3")),
        (ServerKind::Tgi, Some("3.3.4")),
        (ServerKind::Plain, None),
    ] {
        let server = FakeServer::new().kind(kind).start().unwrap();
        let config = PreflightConfig {
            server: None,
            ..preflight_of(&server.url())
        };
        let preflight = run_preflight(config).unwrap();
        assert_eq!(preflight.server_version.as_deref(), version, "{kind:?}");
    }
}
