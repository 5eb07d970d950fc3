//! How connections end: half by half, closed, aborted, reset in every state.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod streaming;

use std::io::{ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use seda_io::stream::{End, Limits, StreamEvent, Timeouts, Unsendable};
use streaming::{Streaming, listen_and_tell, noise, read_to_end};

/// Ends the client's side with a reset.
fn reset(client: TcpStream) {
    set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
    drop(client);
}

fn limits_with(timeouts: Timeouts) -> Limits {
    Limits {
        timeouts,
        ..Limits::default()
    }
}

#[test]
fn a_peer_that_is_done_still_gets_everything() {
    let (streaming, heard) = listen_and_tell(Limits::default());
    let mut client = streaming.connect();
    client.write_all(b"question").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let link = heard.opened();
    assert_eq!(&*heard.data(), b"question");
    heard.peer_done();
    link.send(*b"first ").unwrap();
    link.send(*b"second").unwrap();
    link.finish();
    let late = link.send(*b"late").unwrap_err();
    assert_eq!(
        (&*late.bytes, late.reason),
        (&b"late"[..], Unsendable::Finished)
    );
    assert_eq!(read_to_end(&mut client), (b"first second".to_vec(), false));
    assert_eq!(heard.closed(), End::Finished);
    streaming.end();
}

#[test]
fn a_stage_that_is_done_still_hears_everything() {
    let (streaming, heard) = listen_and_tell(Limits::default());
    let mut client = streaming.connect();
    let link = heard.opened();
    link.send(*b"bye").unwrap();
    link.finish();
    assert_eq!(read_to_end(&mut client), (b"bye".to_vec(), false));
    for piece in [b"one", b"two"] {
        client.write_all(piece).unwrap();
        assert_eq!(&*heard.data(), piece);
    }
    drop(client);
    heard.peer_done();
    assert_eq!(heard.closed(), End::Finished);
    let late = link.send(*b"late").unwrap_err();
    assert_eq!(late.reason, Unsendable::Finished);
    streaming.end();
}

#[test]
fn a_close_delivers_all_that_was_sent_although_the_peer_goes_on_sending() {
    let (streaming, heard) = listen_and_tell(Limits::default());
    let mut client = streaming.connect();
    let link = heard.opened();
    client.write_all(&noise(1, 100_000)).unwrap();
    let unread = heard.data();
    let sent = noise(2, 200_000);
    link.send(sent.clone()).unwrap();
    link.close();
    drop(unread);
    let (bytes, reset) = read_to_end(&mut client);
    assert!(bytes == sent && !reset, "{} bytes", bytes.len());
    drop(client);
    assert_eq!(heard.closed(), End::Closed);
    streaming.end();
}

#[test]
fn a_close_does_not_wait_for_ever_for_a_peer_that_stays() {
    let (streaming, heard) = listen_and_tell(limits_with(Timeouts {
        linger: Duration::from_millis(1),
        ..Timeouts::default()
    }));
    let client = streaming.connect();
    heard.opened().close();
    assert_eq!(heard.closed(), End::Closed);
    drop(client);
    streaming.end();
}

#[test]
fn an_abort_is_a_reset_and_loses_what_is_unsent() {
    let (streaming, heard) = listen_and_tell(Limits::default());
    let mut client = streaming.connect();
    let link = heard.opened();
    link.send(noise(1, 1_000)).unwrap();
    link.abort();
    assert_eq!(heard.closed(), End::Aborted);
    let (_, reset) = read_to_end(&mut client);
    assert!(reset);
    let figures = streaming.figures();
    assert_eq!(figures.bytes_sent + figures.bytes_lost, 1_000);
    streaming.end();
}

/// Resets a connection that `prepare` has brought into some state.
fn reset_after(prepare: impl FnOnce(&Streaming, &streaming::Heard) -> TcpStream) -> End {
    let (streaming, heard) = listen_and_tell(Limits::default());
    reset(prepare(&streaming, &heard));
    let end = heard.closed();
    assert!(heard.is_empty());
    streaming.end();
    end
}

#[test]
fn a_reset_ends_a_connection_in_every_state() {
    let broken = End::Broken(ErrorKind::ConnectionReset);
    let end = reset_after(|streaming, heard| {
        let client = streaming.connect();
        heard.opened();
        client
    });
    assert_eq!(end, broken, "when nothing was said");

    let end = reset_after(|streaming, heard| {
        let mut client = streaming.connect();
        heard.opened();
        client.write_all(b"said").unwrap();
        drop(heard.data());
        client
    });
    assert_eq!(end, broken, "when something was said");

    let end = reset_after(|streaming, heard| {
        let client = streaming.connect();
        heard.opened();
        client.shutdown(Shutdown::Write).unwrap();
        heard.peer_done();
        client
    });
    // Linux calls a reset so when the end has come before it.
    let after_end = End::Broken(ErrorKind::BrokenPipe);
    assert_eq!(end, after_end, "when the peer was done");

    let end = reset_after(|streaming, heard| {
        let mut client = streaming.connect();
        heard.opened().finish();
        read_to_end(&mut client);
        client
    });
    assert_eq!(end, broken, "when the stage was done");

    let end = reset_after(|streaming, heard| {
        let mut client = streaming.connect();
        heard.opened().close();
        read_to_end(&mut client);
        client
    });
    assert_eq!(end, broken, "when the stage had closed it");
}

#[test]
fn a_reset_while_much_is_unsent_says_how_much_is_lost() {
    let accepted = 32 << 20;
    let (streaming, heard) = listen_and_tell(Limits {
        high_mark_bytes: accepted,
        ..Limits::default()
    });
    let client = streaming.connect();
    heard.opened().send(vec![7; accepted]).unwrap();
    streaming.until("the socket takes some", |figures| figures.bytes_sent > 0);
    reset(client);
    assert!(matches!(heard.closed(), End::Broken(_)));
    let figures = streaming.figures();
    assert_eq!(figures.bytes_sent + figures.bytes_lost, accepted as u64);
    assert!(figures.bytes_lost > 0 && figures.broken == 1, "{figures:?}");
    streaming.end();
}

#[test]
fn a_reset_while_the_stage_is_busy_is_heard_behind_its_bytes() {
    let (streaming, heard) = listen_and_tell(Limits::default());
    let mut client = streaming.connect();
    heard.opened();
    client.write_all(b"said").unwrap();
    let received = heard.data();
    reset(client);
    assert_eq!(&*received, b"said");
    drop(received);
    assert_eq!(heard.closed(), End::Broken(ErrorKind::ConnectionReset));
    streaming.end();
}

#[test]
fn a_silent_peer_is_let_go() {
    let (streaming, heard) = listen_and_tell(limits_with(Timeouts {
        idle: Duration::from_millis(5),
        ..Timeouts::default()
    }));
    let _silent = streaming.connect();
    heard.opened();
    assert_eq!(heard.closed(), End::Idle);
    assert_eq!(streaming.figures().idle, 1);
    streaming.end();
}

#[test]
fn a_peer_that_does_not_read_is_let_go() {
    let (streaming, heard) = listen_and_tell(limits_with(Timeouts {
        write: Duration::from_millis(5),
        ..Timeouts::default()
    }));
    let _lazy = streaming.connect();
    let link = heard.opened();
    let end = loop {
        if link.send(vec![7; 100_000]).is_err()
            && let StreamEvent::Closed(_, end) = heard.next()
        {
            break end;
        }
    };
    assert_eq!(end, End::Stalled);
    assert_eq!(streaming.figures().stalled, 1);
    streaming.end();
}

#[test]
fn a_peer_is_not_idle_while_the_stage_works_on_its_bytes() {
    let (streaming, heard) = listen_and_tell(limits_with(Timeouts {
        idle: Duration::from_millis(200),
        ..Timeouts::default()
    }));
    let mut working = streaming.connect();
    let link = heard.opened();
    working.write_all(b"long work").unwrap();
    let received = heard.data();
    let other = streaming.connect();
    heard.opened();
    assert_eq!(
        heard.closed(),
        End::Idle,
        "the other has nothing to wait for"
    );
    drop(other);
    link.send(*b"done").unwrap();
    drop(received);
    let (bytes, _) = read_to_end(&mut working);
    assert_eq!(bytes, b"done");
    assert_eq!(heard.closed(), End::Idle);
    streaming.end();
}
