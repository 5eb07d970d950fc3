//! monoio on one thread: its `io_uring` driver where the kernel permits it, else its epoll one.

use std::io;

use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::{TcpListener, TcpStream};
use plain::{Pages, parse};

/// Bytes that are read at once.
const READ_BYTES: usize = 4 * 1024;

fn main() -> io::Result<()> {
    let mut runtime = monoio::RuntimeBuilder::<monoio::FusionDriver>::new().build()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(plain::listen()?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            // A peer that is gone is no news.
            monoio::spawn(async { drop(serve(stream).await) });
        }
    })
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut pages = Pages::default();
    let mut input = Vec::new();
    let mut output = Vec::new();
    let mut buffer = Vec::with_capacity(READ_BYTES);
    loop {
        let (read, bytes) = stream.read(buffer).await;
        if read? == 0 {
            return Ok(());
        }
        input.extend_from_slice(&bytes);
        buffer = bytes;
        pages.tick();
        let mut taken = 0;
        let mut closes = false;
        while !closes && let Some((len, ask)) = parse(&input[taken..]) {
            pages.answer(ask, &mut output);
            taken += len;
            closes = ask.closes;
        }
        input.drain(..taken);
        let (written, bytes) = stream.write_all(output).await;
        written?;
        if closes {
            return Ok(());
        }
        output = bytes;
        output.clear();
    }
}
