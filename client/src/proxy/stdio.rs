//! MCP over a pair of byte streams, a message per line (MCP, "stdio").

use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Write};
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::Proxy;
use super::conversation::Conversation;
use super::message::{Malformed, Message};
use super::outbox::{END, Outbox};
use crate::exchange::MAX_ANSWER_BYTES;

/// How many lines are read ahead.
const READ_AHEAD: usize = 64;

/// The most bytes of a message: what AgentCore takes (AgentCore quotas: 100 MB).
const MAX_LINE: usize = MAX_ANSWER_BYTES;

type Line = Result<Bytes, Malformed>;

impl Proxy {
    /// Serves the client at the other end of two streams, until it closes `input` and has been
    /// answered everything, or reads `output` no more. Both are read and written on threads of
    /// their own, so that neither keeps this process from ending.
    ///
    /// # Errors
    /// Fails where `output` cannot be written for another reason than that nobody reads it.
    pub async fn stdio(
        &self,
        input: impl Read + Send + 'static,
        output: impl Write + Send + 'static,
    ) -> io::Result<()> {
        let (outbox, messages) = Outbox::new();
        let mut lines = read_lines(input);
        let mut written = write_messages(output, messages);
        let conversation = Arc::new(Conversation::new(&self.servers, &self.settings, &outbox));
        let served = async {
            while let Some(line) = lines.recv().await {
                let said = line.map_or_else(|malformed| vec![Err(malformed)], Message::read_all);
                for said in said {
                    conversation.take(said, &outbox);
                }
            }
            tracing::info!("standard input is closed; answering what is open");
            conversation.abandon_endless();
            conversation.idle().await;
        };
        let gone = tokio::select! {
            () = served => None,
            end = &mut written => Some(end),
        };
        conversation.close().await;
        let end = if let Some(end) = gone {
            end
        } else {
            outbox.end().await;
            written.await
        };
        match end.unwrap_or(Ok(())) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            end => end,
        }
    }
}

fn read_lines(input: impl Read + Send + 'static) -> mpsc::Receiver<Line> {
    let (sender, lines) = mpsc::channel(READ_AHEAD);
    thread::spawn(move || {
        let mut input = BufReader::with_capacity(64 * 1024, input);
        loop {
            match read_line(&mut input, MAX_LINE) {
                Ok(Some(Ok(line))) if line.trim_ascii().is_empty() => {}
                Ok(Some(line)) => {
                    if sender.blocking_send(line).is_err() {
                        return;
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%error, "standard input cannot be read");
                    return;
                }
            }
        }
    });
    lines
}

/// The next line; none at the end. Of a line that is too long nothing is kept.
fn read_line(input: &mut impl BufRead, limit: usize) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let read = input.by_ref().take(limit as u64 + 1).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.len() > limit && line.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
        return Ok(Some(Err(Malformed::too_long(limit))));
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(Some(Ok(line.into())))
}

fn write_messages(
    output: impl Write + Send + 'static,
    mut messages: mpsc::Receiver<Bytes>,
) -> oneshot::Receiver<io::Result<()>> {
    let (done, end) = oneshot::channel();
    thread::spawn(move || {
        let mut output = BufWriter::with_capacity(64 * 1024, output);
        let mut write = || {
            while let Some(message) = messages.blocking_recv().filter(|message| *message != END) {
                output.write_all(&message)?;
                output.write_all(b"\n")?;
                if messages.is_empty() {
                    output.flush()?;
                }
            }
            output.flush()
        };
        let _ = done.send(write());
    });
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_one_by_one_and_the_last_needs_no_end() {
        let mut input = &b"one\n\nthree"[..];
        let mut next = || read_line(&mut input, 10).expect("readable").map(|line| line.expect("short"));
        assert_eq!(next().as_deref(), Some(&b"one"[..]));
        assert_eq!(next().as_deref(), Some(&b""[..]));
        assert_eq!(next().as_deref(), Some(&b"three"[..]));
        assert_eq!(next(), None);
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_the_next_one_read() {
        let mut input = &b"0123456789\n01234567890\nnext\n"[..];
        let mut next = || read_line(&mut input, 10).expect("readable").expect("a line");
        assert_eq!(next().expect("just short enough"), "0123456789");
        assert_eq!(next(), Err(Malformed::too_long(10)));
        assert_eq!(next().expect("a line"), "next");
    }
}
