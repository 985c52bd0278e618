//! The tracking server of the demo, with the page: on this machine only, on the usual ports if they are free.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::Context;
use loadspan_server::{Durability, Limits, OtlpPort, Outlet, Security, Server, ServerConfig, ServerError, Stopped};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::place::DemoPlace;
use crate::commands::serve;
use crate::exit::Exit;
use crate::terminal;

/// Of the page, of OTLP over gRPC, and of OTLP over HTTP.
const USUAL: [u16; 3] = [5000, 4317, 4318];
/// From a port that is taken to the next that is tried.
const STEP: u16 = 10_000;
const MOST_STEPS: u16 = 5;
/// A port may be lost between the look and the taking.
const ATTEMPTS: usize = 3;

/// A server that serves, on threads of its own.
#[derive(Debug)]
pub(super) struct Page {
    runtime: Runtime,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Stopped>,
}

impl Page {
    /// Starts it. Ports other than the usual ones are said.
    ///
    /// # Errors
    ///
    /// No port can be had, or the database cannot be opened.
    pub(super) fn serve(place: &DemoPlace) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("loadspan-serve")
            .build()
            .context("cannot start event loops")?;
        let (server, ports) = runtime.block_on(bind(place))?;
        if let Some(line) = others(ports) {
            terminal::print_note(&line);
        }
        let address = server.addresses().context("cannot tell where it listens")?.main;
        let (stop, stopped) = oneshot::channel();
        let served = runtime.spawn(server.serve(async {
            // Who drops the other end wants it to stop, too.
            let _ = stopped.await;
        }));
        Ok(Self {
            runtime,
            address,
            stop,
            served,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Finishes what is in flight, and closes the database.
    pub(super) fn stop(self) -> Exit {
        // It may have ended by a panic, which is told below.
        let _ = self.stop.send(());
        match self.runtime.block_on(self.served) {
            Ok(stopped) => serve::tell_stopped(stopped),
            Err(error) => {
                terminal::print_warning(&format!("the server of the page failed: {error}; please report this"));
                Exit::Failure
            }
        }
    }
}

async fn bind(place: &DemoPlace) -> anyhow::Result<(Server, [u16; 3])> {
    let mut attempt = 1;
    loop {
        let ports = USUAL.map(free_port);
        match Server::bind(config(place, ports), outlet()).await {
            Ok(server) => {
                let addresses = server.addresses().context("cannot tell where it listens")?;
                let [_, grpc, http] = ports;
                let bound = [
                    addresses.main.port(),
                    addresses.otlp_grpc.map_or(grpc, |address| address.port()),
                    addresses.otlp_http.map_or(http, |address| address.port()),
                ];
                return Ok((server, bound));
            }
            Err(ServerError::Listen { source, .. }) if source.kind() == ErrorKind::AddrInUse && attempt < ATTEMPTS => {
                attempt += 1;
            }
            Err(error) => return Err(serve::explain(error)),
        }
    }
}

/// The usual port, or one that is as easy to remember, or any.
fn free_port(usual: u16) -> u16 {
    (0..=MOST_STEPS)
        .map(|step| usual + step * STEP)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .unwrap_or(0)
}

/// Which ports are in use, and which are taken in their place.
fn others(bound: [u16; 3]) -> Option<String> {
    let changed: Vec<_> = USUAL
        .into_iter()
        .zip(bound)
        .filter(|(usual, bound)| usual != bound)
        .collect();
    let list = |ports: Vec<u16>| -> String {
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        match ports.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => ports.concat(),
        }
    };
    let (usual, bound): (Vec<_>, Vec<_>) = changed.into_iter().unzip();
    match usual.len() {
        0 => None,
        1 => Some(format!(
            "port {} is in use: {} is taken instead",
            list(usual),
            list(bound)
        )),
        _ => Some(format!(
            "ports {} are in use: {} are taken instead",
            list(usual),
            list(bound)
        )),
    }
}

fn config(place: &DemoPlace, [main, grpc, http]: [u16; 3]) -> ServerConfig {
    let store = place.store();
    ServerConfig {
        host: Ipv4Addr::LOCALHOST.into(),
        port: main,
        otlp_grpc: OtlpPort::At(grpc),
        otlp_http: OtlpPort::At(http),
        security: Security::default(),
        backend: store.backend.clone(),
        artifacts: store.artifacts.clone(),
        durability: Durability::Process,
        limits: Limits::default(),
        prices: None,
        forward: None,
        retention: None,
    }
}

fn outlet() -> Outlet {
    Outlet {
        access: None,
        warnings: Box::new(terminal::print_warning),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_has_another_in_its_place() {
        // A port low enough for all the steps to be ports.
        let bound = (2_000..9_999).find_map(|port| Some((port, TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?)));
        let (port, _taken) = bound.unwrap();
        let free = free_port(port);
        assert_ne!(free, port);
        assert!(free % STEP == port % STEP || free == 0, "{free} in place of {port}");
        assert_ne!(free_port(4317), free_port(5000));
    }

    #[test]
    fn other_ports_are_said_in_one_line() {
        assert_eq!(others(USUAL), None);
        assert_eq!(
            others([15_000, 4317, 4318]).as_deref(),
            Some("port 5000 is in use: 15000 is taken instead")
        );
        assert_eq!(
            others([15_000, 24_317, 4318]).as_deref(),
            Some("ports 5000 and 4317 are in use: 15000 and 24317 are taken instead")
        );
        assert_eq!(
            others([15_000, 24_317, 14_318]).as_deref(),
            Some("ports 5000, 4317 and 4318 are in use: 15000, 24317 and 14318 are taken instead")
        );
    }
}
