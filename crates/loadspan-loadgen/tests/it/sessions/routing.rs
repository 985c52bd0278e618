//! All turns of a session go to the same server, and say whose they are.

use std::collections::BTreeSet;

use loadspan_loadgen::HttpPreference;
use loadspan_record::Secret;
use loadspan_testkit::{DurationExt, FakeServer, RunningServer};

use super::{Graph, Graphs};
use crate::harness::{Load, preflight_of, run_preflight, target};

#[test]
fn a_session_stays_with_its_server_and_names_itself() {
    for http in [HttpPreference::Http11, HttpPreference::Http2] {
        let servers = [0, 1].map(|_| FakeServer::new().capture(100).start().unwrap());
        let urls = servers.each_ref().map(RunningServer::url);
        let sticky = |load: &mut Load| {
            load.preflight.target = target(&urls);
            load.preflight.target.http = http;
            load.preflight.target.session_header = Some("X-Session-ID".to_owned());
        };
        let load = Load::sessions(&urls[0], 4, Graphs::of((0..10).map(|_| Graph::chat(3, 1.ms())))).workers(2);
        load.change(sticky).run().assert_completed(30);
        for (number, server) in servers.iter().enumerate() {
            let requests = server.requests();
            let named: Vec<_> = requests
                .iter()
                .filter_map(|request| request.header("x-session-id"))
                .collect();
            assert_eq!(named.len(), 15, "{http:?}");
            let expected: BTreeSet<_> = (0..5)
                .map(|place| format!("00007e57-s{}", 2 * place + number))
                .collect();
            assert_eq!(named.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), expected);
        }
    }
}

#[test]
fn a_header_that_is_spoken_for_cannot_name_sessions() {
    let server = FakeServer::new().start().unwrap();
    for name in ["x-mine", "host", "traceparent", "authorization", "not valid"] {
        let mut config = preflight_of(&server.url());
        config.target.api_key = Some(Secret::new("key"));
        config.target.headers = vec![("x-mine".to_owned(), Secret::new("1"))];
        config.target.session_header = Some(name.to_owned());
        let message = run_preflight(config).unwrap_err().to_string();
        assert!(
            message.contains(&format!("the header `{name}` cannot be sent")),
            "{message}"
        );
    }
}
