use serde_json::{Value, json};

use super::*;

fn about() -> About {
    let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    About {
        addresses: Addresses {
            main: address(5000),
            otlp_grpc: Some(address(4317)),
            otlp_http: Some(address(4318)),
        },
        retention: None,
    }
}

fn made(mistake: Mistake, entrance: Entrance) -> Made<'static> {
    Made {
        mistake,
        entrance,
        count: 1,
        sample: "POST /v1/traces",
    }
}

fn reasons(arrivals: &Arrivals) -> Value {
    serde_json::to_value(arrivals.reject_figures()).unwrap()
}

#[test]
fn a_mistake_names_the_port_and_the_remedy() {
    let arrivals = Arrivals::default();
    arrivals.introduce(about());
    arrivals.mistake(&made(Mistake::GrpcToHttp, Entrance::OtlpHttp));
    arrivals.mistake(&made(Mistake::GrpcToHttp, Entrance::OtlpHttp));
    let found = reasons(&arrivals);
    assert_eq!(found[0]["reason"], "gRPC came to port 4318, which speaks HTTP");
    assert_eq!(
        found[0]["remedy"],
        "Use port 4317, or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf."
    );
    assert_eq!(
        (&found[0]["count"], &found[0]["kind"], &found[0]["sample"]),
        (&json!(2), &json!("grpc_to_http"), &json!("POST /v1/traces"))
    );
    assert!(arrivals.mistakes().any(|mistake| mistake == ("grpc_to_http", 2)));
}

#[test]
fn neither_senders_nor_mistakes_become_more_than_they_may() {
    let arrivals = Arrivals::default();
    for number in 0..1_000 {
        let reason = format!("reason {number} {}", "x".repeat(1_000));
        arrivals.mistake(&made(Mistake::Other(reason), Entrance::Main));
        let sender = Sender {
            service: Some(format!("service {number}")),
            ..Sender::default()
        };
        arrivals.deliver(&Delivery {
            receiver: Receiver::OtlpHttp,
            client: None,
            senders: &[(sender, 2)],
            are_spans: true,
            bytes: 10,
            rejected: 1,
        });
    }
    assert_eq!(arrivals.sender_figures().len(), SENDERS);
    let rejects = arrivals.reject_figures();
    assert_eq!(rejects.len(), MISTAKES);
    assert!(rejects.iter().all(|reject| reject.reason.chars().count() <= 200));
    let receivers = serde_json::to_value(arrivals.receiver_figures()).unwrap();
    assert_eq!(
        (
            &receivers[1]["accepted"],
            &receivers[1]["rejected"],
            &receivers[1]["bytes"]
        ),
        (&json!(1_000), &json!(1_000), &json!(10_000))
    );
}
