//! Standard input and output, kept for MCP alone; and what else the operating system gives.

use std::io;

/// The most connections that are ever of use: as many as a platform answers at once.
const MOST_CONNECTIONS: usize = 1024;

/// Standard input and output under numbers of their own. Where they were there is nothing to
/// read, and standard error to write to: a program that gets credentials and asks for a password
/// neither eats messages nor hangs, and whatever it prints is no message.
#[cfg(unix)]
pub(super) fn own() -> io::Result<(std::fs::File, std::fs::File)> {
    use rustix::io::fcntl_dupfd_cloexec;
    use rustix::stdio::{dup2_stdin, dup2_stdout, stderr, stdin, stdout};

    // Above those of standard input, output and error.
    const FIRST: i32 = 3;
    let input = fcntl_dupfd_cloexec(stdin(), FIRST)?;
    let output = fcntl_dupfd_cloexec(stdout(), FIRST)?;
    dup2_stdin(std::fs::File::open("/dev/null")?)?;
    dup2_stdout(stderr())?;
    Ok((input.into(), output.into()))
}

#[cfg(not(unix))]
pub(super) fn own() -> io::Result<(io::Stdin, io::Stdout)> {
    Ok((io::stdin(), io::stdout()))
}

/// How many connections may be open, each of which is a file: the limit on files is raised as far
/// as it goes, since it is as low as 256 on some systems.
#[cfg(unix)]
pub(super) fn connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = (MOST_CONNECTIONS * 2) as u64;
    let raised = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let files = match current {
        Some(current) if current < raised => {
            let limit = Rlimit { current: Some(raised), maximum };
            if setrlimit(Resource::Nofile, limit).is_ok() { raised } else { current }
        }
        current => current.unwrap_or(wanted),
    };
    usize::try_from(files / 2).unwrap_or(MOST_CONNECTIONS).clamp(16, MOST_CONNECTIONS)
}

#[cfg(not(unix))]
pub(super) fn connections() -> usize {
    MOST_CONNECTIONS
}

/// Ready when this process is asked to end.
pub(super) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without a way to be told it goes on until it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
