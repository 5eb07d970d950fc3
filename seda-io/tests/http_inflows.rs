//! Bodies that arrive piece by piece over sockets: pressure, ends, and answers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::sync::mpsc::{self, Receiver};
use std::thread;

use seda_core::Sink;
use seda_io::http::{
    Exchange, Inflow, InflowEvent, InflowFault, Limits, Piece, Reply, Response, StatusCode,
};
use serving::{PATIENCE, Raw, Serving, serve};

/// A server that hands bodies out in pieces, all of which come to the test.
struct Stand {
    serving: Serving,
    exchanges: Receiver<(Exchange, Sink<InflowEvent>)>,
    events: Receiver<InflowEvent>,
}

fn stand(queue: usize) -> Stand {
    let limits = Limits {
        body_streams_above: 0,
        ..Limits::default()
    };
    let (tell, exchanges) = mpsc::channel();
    let (hear, events) = mpsc::sync_channel(queue);
    let serving = serve(limits, |graph| {
        let pieces = graph.stage("pieces").queue(1).blocking(1..=1);
        let pieces = pieces.each(move |event: InflowEvent| Ok(hear.send(event)?));
        graph.stage("requests").each_with(|wire| {
            let pieces = wire.to(&pieces);
            let tell = tell.clone();
            move |exchange: Exchange| Ok(tell.send((exchange, pieces.clone()))?)
        })
    });
    Stand {
        serving,
        exchanges,
        events,
    }
}

impl Stand {
    fn begin(&self) -> (Inflow, Reply, Sink<InflowEvent>) {
        let (mut exchange, sink) = self.exchanges.recv_timeout(PATIENCE).unwrap();
        let inflow = exchange.take_inflow().unwrap();
        assert!(exchange.take_inflow().is_none());
        (inflow, exchange.split().1, sink)
    }

    fn hear(&self) -> InflowEvent {
        self.events.recv_timeout(PATIENCE).unwrap()
    }

    fn piece(&self) -> Piece {
        match self.hear() {
            InflowEvent::Data(_, piece) => piece,
            other => panic!("no piece but {other:?}"),
        }
    }
}

fn head(client: &mut Raw, length: usize) {
    client.send(format!(
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"
    ));
}

#[test]
fn pieces_come_in_order_and_the_connection_goes_on() {
    let stand = stand(64);
    let mut client = stand.serving.connect();
    for _ in 0..3 {
        head(&mut client, 6);
        let (inflow, reply, sink) = stand.begin();
        let number = inflow.number();
        inflow.tell(&sink);
        for piece in ["abc", "def"] {
            client.send(piece);
            assert_eq!(*stand.piece(), *piece.as_bytes());
        }
        assert!(matches!(stand.hear(), InflowEvent::End(of, _) if of == number));
        reply.respond(Response::new(StatusCode::NO_CONTENT));
        assert_eq!(client.answer().status, 204);
    }
    stand.serving.end();
}

#[test]
fn nothing_more_is_read_while_a_piece_is_in_the_graph() {
    const BYTES: usize = 16 << 20;
    let stand = stand(64);
    let mut client = stand.serving.connect();
    head(&mut client, BYTES);
    let (inflow, reply, sink) = stand.begin();
    inflow.tell(&sink);
    let writer = thread::spawn(move || {
        client.send(vec![7; BYTES]);
        client
    });
    let first = stand.piece();
    // The peer cannot get rid of its bytes, and no second piece comes.
    assert!(stand.events.try_recv().is_err());
    assert!(!writer.is_finished());
    let mut bytes = first.into_vec().len();
    loop {
        match stand.hear() {
            InflowEvent::Data(_, piece) => bytes += piece.len(),
            InflowEvent::End(..) => break,
            InflowEvent::Failed(_, why) => panic!("{why}"),
        }
    }
    assert_eq!(bytes, BYTES);
    reply.respond(Response::new(StatusCode::OK));
    let mut client = writer.join().unwrap();
    assert_eq!(client.answer().status, 200);
    stand.serving.end();
}

#[test]
fn pieces_that_a_full_stage_refuses_are_not_lost() {
    let stand = stand(0);
    let mut clients: Vec<_> = (0..8).map(|_| stand.serving.connect()).collect();
    let mut replies = Vec::new();
    for client in &mut clients {
        head(client, 3);
        client.send("abc");
        let (inflow, reply, sink) = stand.begin();
        inflow.tell(&sink);
        replies.push(reply);
    }
    // The queue has room for one, and its stage waits for this test.
    let (mut pieces, mut ends) = (0, 0);
    while ends < 8 {
        match stand.hear() {
            InflowEvent::Data(_, piece) => pieces += piece.len(),
            InflowEvent::End(..) => ends += 1,
            InflowEvent::Failed(_, why) => panic!("{why}"),
        }
    }
    assert_eq!(pieces, 8 * 3);
    for reply in replies {
        reply.respond(Response::new(StatusCode::OK));
    }
    for mut client in clients {
        assert_eq!(client.answer().status, 200);
    }
    assert!(stand.serving.figures().flows_postponed > 0);
    stand.serving.end();
}

#[test]
fn a_body_that_nobody_wants_is_not_asked_for() {
    let stand = stand(64);
    let mut client = stand.serving.connect();
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    let (inflow, reply, _) = stand.begin();
    drop(inflow);
    reply.respond(Response::new(StatusCode::FORBIDDEN));
    let answer = client.answer();
    assert_eq!(
        (answer.status, answer.header("connection")),
        (403, Some("close")),
        "and not 100"
    );
    assert!(client.has_ended());
    drop(client);
    stand.serving.end();
}

#[test]
fn a_body_that_ends_too_soon_is_told_and_can_be_answered() {
    let stand = stand(64);
    let mut client = stand.serving.connect();
    head(&mut client, 9);
    client.send("half");
    let (inflow, reply, sink) = stand.begin();
    inflow.tell(&sink);
    drop(stand.piece());
    client
        .0
        .get_mut()
        .shutdown(std::net::Shutdown::Write)
        .unwrap();
    let InflowEvent::Failed(_, why) = stand.hear() else {
        panic!("it is not whole");
    };
    assert!(matches!(why, InflowFault::Bad(_)));
    reply.respond(why.into());
    assert_eq!(client.answer().status, 400);
    assert_eq!(stand.serving.figures().bad, 1);
    stand.serving.end();
}

#[test]
fn who_wants_a_body_hears_that_its_peer_has_gone_or_was_answered() {
    let stand = stand(64);
    let mut client = stand.serving.connect();
    head(&mut client, 9);
    let (inflow, reply, sink) = stand.begin();
    inflow.tell(&sink);
    reply.respond(Response::new(StatusCode::OK));
    assert!(matches!(
        stand.hear(),
        InflowEvent::Failed(_, InflowFault::Unwanted)
    ));
    assert_eq!(client.answer().status, 200);
    drop(client);

    let mut client = stand.serving.connect();
    head(&mut client, 9);
    let (inflow, reply, sink) = stand.begin();
    inflow.tell(&sink);
    client.send("half");
    let piece = stand.piece();
    assert!(stand.serving.running.stop().balances());
    drop((piece, reply));
    assert!(client.has_ended());
}
