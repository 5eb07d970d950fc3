//! Connections that go on by another protocol, over sockets: order, pressure, ends, and a drain.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::io::{ErrorKind, Read};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use seda_core::Sink;
use seda_io::http::{
    Exchange, Figures, Flow, FlowEnd, FlowEvent, Inflow, InflowEvent, InflowFault, Limits, Piece,
    Response, StatusCode, Timeouts, Unsendable, Upgrade,
};
use serving::{Exchanges, PATIENCE, Raw, Serving, serve, serve_told};

const ASKS: &str =
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other, ECHO\r\n\r\n";

#[derive(Debug)]
enum Event {
    In(InflowEvent),
    Out(FlowEvent),
}

impl From<InflowEvent> for Event {
    fn from(event: InflowEvent) -> Self {
        Self::In(event)
    }
}

impl From<FlowEvent> for Event {
    fn from(event: FlowEvent) -> Self {
        Self::Out(event)
    }
}

/// A server whose exchanges, and the events of upgraded connections, come to the test.
struct Stand {
    serving: Serving,
    exchanges: Exchanges<Event>,
    events: Receiver<Event>,
}

fn stand(limits: Limits) -> Stand {
    let (serving, exchanges, events) = serve_told(limits);
    Stand {
        serving,
        exchanges,
        events,
    }
}

impl Stand {
    fn exchange(&self) -> (Exchange, Sink<Event>) {
        self.exchanges.recv_timeout(PATIENCE).unwrap()
    }

    /// Takes the request that was sent as one for an upgrade.
    fn upgrade(&self) -> (Flow, Inflow, Sink<Event>) {
        let (exchange, heard) = self.exchange();
        let upgrade = Upgrade::to("echo").unwrap();
        let upgrade = upgrade.with_header("X-Key", "1").unwrap().telling(&heard);
        let (flow, inflow) = exchange.upgrade(upgrade).unwrap();
        assert_eq!(flow.number(), inflow.number());
        (flow, inflow, heard)
    }

    /// Opens a connection that is upgraded, and hears what comes on it.
    fn open(&self) -> (Raw, Flow) {
        let mut client = self.serving.connect();
        client.send(ASKS);
        let (flow, inflow, heard) = self.upgrade();
        inflow.tell(&heard);
        assert_eq!(client.answer_without_body().status, 101);
        (client, flow)
    }

    fn hear(&self) -> Event {
        self.events.recv_timeout(PATIENCE).unwrap()
    }

    fn piece(&self) -> Piece {
        match self.hear() {
            Event::In(InflowEvent::Data(_, piece)) => piece,
            other => panic!("no piece but {other:?}"),
        }
    }

    fn hear_end(&self) {
        let event = self.hear();
        assert!(
            matches!(event, Event::In(InflowEvent::End(..))),
            "{event:?}"
        );
    }

    fn hear_ended(&self, how: FlowEnd) {
        match self.hear() {
            Event::Out(FlowEvent::Ended(_, end)) => assert_eq!(end, how),
            other => panic!("no end but {other:?}"),
        }
    }

    fn hear_failed(&self, how: InflowFault) {
        match self.hear() {
            Event::In(InflowEvent::Failed(_, fault)) => assert_eq!(fault, how),
            other => panic!("no failure but {other:?}"),
        }
    }

    /// Ends the server; every streamed answer must be accounted for.
    fn end(self) -> Figures {
        self.serving.end();
        let figures = self.serving.figures();
        let ended = figures.flows_finished + figures.flows_abandoned + figures.flows_cut;
        assert_eq!(figures.flows, ended, "{figures:?}");
        assert_eq!(self.events.try_iter().count(), 0, "an event too many");
        figures
    }
}

fn read(client: &mut Raw, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    client.0.read_exact(&mut bytes).unwrap();
    bytes
}

/// Tells whether the connection is reset, with nothing more on it.
fn is_reset(client: &mut Raw) -> bool {
    let error = client.0.read(&mut [0]).map_err(|error| error.kind());
    error == Err(ErrorKind::ConnectionReset)
}

fn end_input(client: &mut Raw) {
    client.0.get_mut().shutdown(Shutdown::Write).unwrap();
}

#[test]
fn bytes_go_both_ways_from_the_ones_behind_the_head_on() {
    let stand = stand(Limits::default());
    let mut client = stand.serving.connect();
    client.send(format!("{ASKS}GET / HTTP/1.1\r\n\r\n"));
    let (flow, inflow, heard) = stand.upgrade();
    let answer = client.answer_without_body();
    assert_eq!(
        answer.head,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\nX-Key: 1\r\n\r\n"
    );
    flow.send("first").unwrap();
    assert_eq!(
        read(&mut client, 5),
        b"first",
        "before anybody wants what comes"
    );
    inflow.tell(&heard);
    assert_eq!(*stand.piece(), *b"GET / HTTP/1.1\r\n\r\n");
    for text in ["one", "two", "three"] {
        client.send(text);
        flow.send(stand.piece().into_vec()).unwrap();
        assert_eq!(read(&mut client, text.len()), text.as_bytes());
    }
    flow.finish().unwrap();
    stand.hear_ended(FlowEnd::Finished);
    assert!(client.has_ended(), "the peer sees the end of one direction");
    client.send("still");
    assert_eq!(*stand.piece(), *b"still");
    end_input(&mut client);
    stand.hear_end();
    stand
        .serving
        .until("it is closed", |figures| figures.closed == 1);
    let figures = stand.end();
    assert_eq!((figures.requests, figures.answers), (1, 1));
    assert_eq!((figures.flows_upgraded, figures.flows_finished), (1, 1));
}

#[test]
fn a_peer_that_ends_its_side_still_gets_all() {
    let stand = stand(Limits::default());
    let (mut client, flow) = stand.open();
    client.send("question");
    end_input(&mut client);
    assert_eq!(*stand.piece(), *b"question");
    stand.hear_end();
    for piece in ["an ", "answer"] {
        flow.send(piece).unwrap();
        assert_eq!(read(&mut client, piece.len()), piece.as_bytes());
    }
    flow.finish().unwrap();
    stand.hear_ended(FlowEnd::Finished);
    assert!(client.has_ended());
    stand.end();
}

#[test]
fn a_slow_reader_is_not_buffered_for_and_not_read() {
    const HIGH: usize = 1 << 20;
    let stand = stand(Limits {
        flow_high_mark_bytes: HIGH,
        flow_low_mark_bytes: 1 << 18,
        ..Limits::default()
    });
    let (mut client, flow) = stand.open();
    let mut sent = 0;
    let refused = loop {
        match flow.send(vec![7; 1 << 16]) {
            Ok(()) => sent += 1 << 16,
            Err(unsent) => break unsent,
        }
        assert!(flow.unsent() <= HIGH);
    };
    assert_eq!(refused.reason, Unsendable::Clogged);
    client.send("later");
    assert!(
        stand.events.try_recv().is_err(),
        "it would make more to be sent"
    );
    assert!(read(&mut client, sent).iter().all(|byte| *byte == 7));
    // In either order.
    let (mut drained, mut data) = (0, 0);
    for _ in 0..2 {
        match stand.hear() {
            Event::Out(FlowEvent::Drained(number)) if number == flow.number() => drained += 1,
            Event::In(InflowEvent::Data(_, piece)) if *piece == *b"later" => data += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((drained, data), (1, 1));
    flow.send(refused.piece).unwrap();
    assert_eq!(read(&mut client, 1 << 16).len(), 1 << 16);
    flow.finish().unwrap();
    drop(client);
    let mut heard = [stand.hear(), stand.hear()].map(|event| match event {
        Event::In(InflowEvent::End(..)) => "end",
        Event::Out(FlowEvent::Ended(_, FlowEnd::Finished)) => "finished",
        other => panic!("{other:?}"),
    });
    heard.sort_unstable();
    assert_eq!(heard, ["end", "finished"]);
    assert!(stand.end().flows_clogged > 0);
}

#[test]
fn a_slow_stage_slows_its_peer_down() {
    const BYTES: usize = 16 << 20;
    let stand = stand(Limits::default());
    let (mut client, flow) = stand.open();
    let writer = thread::spawn(move || {
        client.send(vec![7; BYTES]);
        client
    });
    let first = stand.piece();
    assert!(stand.events.try_recv().is_err());
    assert!(!writer.is_finished());
    let mut bytes = first.into_vec().len();
    while bytes < BYTES {
        bytes += stand.piece().len();
    }
    drop(writer.join().unwrap());
    stand.hear_end();
    flow.finish().unwrap();
    stand.hear_ended(FlowEnd::Finished);
    stand.end();
}

#[test]
fn what_is_declined_is_answered_and_the_next_request_too() {
    let stand = stand(Limits::default());
    let mut client = stand.serving.connect();
    let next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(format!("{ASKS}{next}"));
    let (exchange, _) = stand.exchange();
    let exchange = exchange
        .upgrade(Upgrade::to("unasked").unwrap())
        .unwrap_err();
    assert!(stand.exchanges.try_recv().is_err(), "the next waits");
    let required = Response::upgrade_required("unasked").unwrap();
    exchange.respond(required);
    let answer = client.answer();
    assert_eq!(answer.status, 426);
    assert_eq!(answer.header("upgrade"), Some("unasked"));
    assert_eq!(answer.header("connection"), Some("upgrade"));
    let (exchange, _) = stand.exchange();
    assert_eq!(exchange.request().target().path(), "/next");
    let exchange = exchange.upgrade(Upgrade::to("echo").unwrap()).unwrap_err();
    exchange.respond(Response::new(StatusCode::NO_CONTENT));
    assert_eq!(client.answer().status, 204);
    drop(client);
    let figures = stand.end();
    assert_eq!((figures.flows, figures.answers), (0, 2));
}

#[test]
fn both_halves_hear_that_the_peer_has_gone() {
    let stand = stand(Limits::default());
    let (client, flow) = stand.open();
    let socket = rustix::net::sockopt::set_socket_linger(client.0.get_ref(), Some(Duration::ZERO));
    socket.unwrap();
    drop(client);
    stand.hear_ended(FlowEnd::Gone);
    stand.hear_failed(InflowFault::Gone);
    assert_eq!(flow.send("late").unwrap_err().reason, Unsendable::Ended);
    drop(flow);
    assert_eq!(stand.end().flows_cut, 1);
}

#[test]
fn a_flow_that_is_dropped_resets_the_connection() {
    let stand = stand(Limits::default());
    let (mut client, flow) = stand.open();
    drop(flow);
    assert!(is_reset(&mut client));
    stand.hear_ended(FlowEnd::Abandoned);
    stand.hear_failed(InflowFault::Gone);
    assert_eq!(stand.end().flows_abandoned, 1);
}

#[test]
fn what_comes_is_thrown_away_where_nobody_wants_it() {
    let stand = stand(Limits::default());
    let mut client = stand.serving.connect();
    client.send(ASKS);
    let (flow, inflow, _) = stand.upgrade();
    drop(inflow);
    client.send(vec![7; 1 << 20]);
    end_input(&mut client);
    assert_eq!(client.answer_without_body().status, 101);
    flow.send("said").unwrap();
    assert_eq!(read(&mut client, 4), b"said");
    flow.finish().unwrap();
    assert!(client.has_ended());
    stand.hear_ended(FlowEnd::Finished);
    stand
        .serving
        .until("the end is found", |figures| figures.closed == 1);
    stand.end();
}

#[test]
fn a_half_that_is_wanted_before_the_worker_knows_of_the_upgrade_is_not_lost() {
    let (tell, exchanges) = mpsc::channel();
    let (give, inflows) = mpsc::channel::<Inflow>();
    let (hear, events) = mpsc::channel();
    let inflows = Arc::new(Mutex::new(inflows));
    let serving = serve(Limits::default(), |graph| {
        let heard = graph.stage("heard");
        let heard = heard.each(move |event: InflowEvent| Ok(hear.send(event)?));
        graph.stage("requests").each_with(|wire| {
            let (heard, inflows) = (wire.to(&heard), Arc::clone(&inflows));
            let tell = tell.clone();
            move |exchange: Exchange| {
                tell.send(exchange)?;
                // The worker looks at neither before both are said.
                inflows.lock().recv()?.tell(&heard);
                Ok(())
            }
        })
    });
    let mut client = serving.connect();
    client.send(format!("{ASKS}first"));
    let exchange: Exchange = exchanges.recv_timeout(PATIENCE).unwrap();
    let (flow, inflow) = exchange.upgrade(Upgrade::to("echo").unwrap()).unwrap();
    give.send(inflow).unwrap();
    match events.recv_timeout(PATIENCE).unwrap() {
        InflowEvent::Data(number, piece) => {
            assert_eq!((number, &*piece), (flow.number(), &b"first"[..]));
        }
        other => panic!("{other:?}"),
    }
    flow.finish().unwrap();
    assert_eq!(client.answer_without_body().status, 101);
    assert!(client.has_ended());
    drop(client);
    let end = events.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(end, InflowEvent::End(..)), "{end:?}");
    serving.end();
}

#[test]
fn a_long_silence_ends_the_connection() {
    let stand = stand(Limits {
        timeouts: Timeouts {
            upgraded: Duration::from_millis(20),
            idle: Duration::from_millis(1),
            ..Timeouts::default()
        },
        ..Limits::default()
    });
    let (mut client, flow) = stand.open();
    assert!(client.has_ended());
    stand.hear_ended(FlowEnd::Gone);
    stand.hear_failed(InflowFault::Gone);
    drop(flow);
    stand.end();
}

#[test]
fn a_drain_lets_the_stages_say_goodbye() {
    let stand = stand(Limits::default());
    let (mut client, flow) = stand.open();
    let running = stand.serving.running.clone();
    let drain = thread::spawn(move || running.drain(PATIENCE).unwrap());
    assert!(matches!(stand.hear(), Event::Out(FlowEvent::Ending(_))));
    flow.send("bye").unwrap();
    flow.finish().unwrap();
    assert_eq!(read(&mut client, 3), b"bye");
    assert!(client.has_ended());
    stand.hear_ended(FlowEnd::Finished);
    client.send("bye");
    assert_eq!(*stand.piece(), *b"bye");
    drop(client);
    stand.hear_end();
    assert!(drain.join().unwrap().balances());
    stand.end();
}

#[test]
fn a_drain_cuts_off_where_nobody_ends() {
    let stand = stand(Limits::default());
    let (mut client, flow) = stand.open();
    let (mut other, finished) = stand.open();
    finished.finish().unwrap();
    stand.hear_ended(FlowEnd::Finished);
    assert!(other.has_ended());
    let running = stand.serving.running.clone();
    let drain = thread::spawn(move || running.drain(PATIENCE).unwrap());
    assert!(matches!(stand.hear(), Event::Out(FlowEvent::Ending(_))));
    assert!(is_reset(&mut client));
    let mut heard = [stand.hear(), stand.hear(), stand.hear()].map(|event| match event {
        Event::In(InflowEvent::Failed(_, _)) => "failed",
        Event::Out(FlowEvent::Ended(_, FlowEnd::Cut)) => "cut",
        other => panic!("{other:?}"),
    });
    heard.sort_unstable();
    assert_eq!(heard, ["cut", "failed", "failed"]);
    drop(flow);
    assert!(drain.join().unwrap().balances());
    let figures = stand.end();
    assert_eq!((figures.flows_finished, figures.flows_cut), (1, 1));
}

#[test]
fn a_stop_leaves_no_half_untold() {
    let stand = stand(Limits::default());
    let (mut client, flow) = stand.open();
    client.send("half");
    let piece = stand.piece();
    assert!(stand.serving.running.stop().balances());
    assert_eq!(flow.send("late").unwrap_err().reason, Unsendable::Ended);
    drop((piece, flow));
    assert!(is_reset(&mut client));
}

#[test]
fn many_upgrades_told_on_other_threads_lose_nothing() {
    let stand = stand(Limits::default());
    let mut clients: Vec<_> = (0..32).map(|_| stand.serving.connect()).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        client.send(format!("{ASKS}{index:02}"));
    }
    let mut flows = Vec::new();
    for _ in 0..32 {
        let (flow, inflow, heard) = stand.upgrade();
        flows.push(flow);
        // This thread is not the worker's, and neither is that one.
        thread::spawn(move || inflow.tell(&heard));
    }
    let mut pieces: Vec<_> = (0..32).map(|_| stand.piece().into_vec()).collect();
    pieces.sort_unstable();
    let expected = (0..32).map(|index| format!("{index:02}").into_bytes());
    assert!(pieces.into_iter().eq(expected));
    for flow in flows {
        flow.finish().unwrap();
        stand.hear_ended(FlowEnd::Finished);
    }
    for client in &mut clients {
        assert_eq!(client.answer_without_body().status, 101);
        assert!(client.has_ended());
    }
    drop(clients);
    for _ in 0..32 {
        stand.hear_end();
    }
    assert_eq!(stand.end().flows_upgraded, 32);
}
