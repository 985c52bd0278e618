//! A TCP proxy that can go silent: its connections stay open, and nothing comes through them any more.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use loadspan_testkit::RunningOtlpSink;
use url::Url;

/// In front of a server, until the test is over.
pub(super) struct Proxy {
    address: SocketAddr,
    connections: Arc<Mutex<Vec<Connection>>>,
}

struct Connection {
    is_silent: Arc<AtomicBool>,
    ends: [TcpStream; 2],
}

impl Proxy {
    pub(super) fn start(sink: &RunningOtlpSink) -> Self {
        let server = Url::parse(&sink.url()).unwrap().socket_addrs(|| None).unwrap()[0];
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(Mutex::new(Vec::new()));
        let accepted = Arc::clone(&connections);
        // Ends with the process of the tests.
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let connection = Connection::open(client, TcpStream::connect(server).unwrap());
                accepted.lock().unwrap().push(connection);
            }
        });
        Self { address, connections }
    }

    pub(super) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    /// Nothing comes through the connections that are there. New ones are as good as ever.
    pub(super) fn silence(&self) {
        for connection in self.connections.lock().unwrap().iter() {
            connection.is_silent.store(true, Ordering::Relaxed);
        }
    }

    /// How many connections there were.
    pub(super) fn connections(&self) -> usize {
        self.connections.lock().unwrap().len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        for end in connections.iter().flat_map(|connection| &connection.ends) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Connection {
    fn open(client: TcpStream, server: TcpStream) -> Self {
        let is_silent = Arc::new(AtomicBool::new(false));
        let ends = [client, server];
        for [from, to] in [[0, 1], [1, 0]] {
            let (from, to) = (ends[from].try_clone().unwrap(), ends[to].try_clone().unwrap());
            let is_silent = Arc::clone(&is_silent);
            thread::spawn(move || forward(from, to, &is_silent));
        }
        Self { is_silent, ends }
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, is_silent: &AtomicBool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if !is_silent.load(Ordering::Relaxed) && to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    if !is_silent.load(Ordering::Relaxed) {
        let _ = to.shutdown(Shutdown::Write);
    }
}
