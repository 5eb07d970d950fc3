//! A blocking thread for each connection.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use plain::{Pages, parse};

fn main() -> io::Result<()> {
    let listener = plain::listen()?;
    loop {
        let (stream, _) = listener.accept()?;
        std::thread::Builder::new().spawn(move || {
            // A peer that is gone is no news.
            let _ = serve(stream);
        })?;
    }
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut pages = Pages::default();
    let mut input = vec![0; plain::HEAD_BYTES_MAX];
    let mut filled = 0;
    let mut output = Vec::new();
    loop {
        match stream.read(&mut input[filled..])? {
            0 => return Ok(()),
            count => filled += count,
        }
        pages.tick();
        let mut taken = 0;
        let mut closes = false;
        while !closes && let Some((len, ask)) = parse(&input[taken..filled]) {
            pages.answer(ask, &mut output);
            taken += len;
            closes = ask.closes;
        }
        stream.write_all(&output)?;
        if closes {
            return Ok(());
        }
        output.clear();
        input.copy_within(taken..filled, 0);
        filled -= taken;
    }
}
