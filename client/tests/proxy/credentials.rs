//! Credentials as a laptop has them: in files that change, from programs that ask, or not at all.

use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::json;
use tempfile::TempDir;

use crate::common::{Proxy, Seen, Server, basics};

/// The files of AWS's tools.
pub(crate) struct Files {
    directory: TempDir,
}

impl Files {
    pub(crate) fn new(config: &str, credentials: &str) -> Self {
        let files = Self { directory: tempfile::tempdir().expect("a directory") };
        std::fs::write(files.config(), config).expect("written");
        files.write_credentials(credentials);
        files
    }

    pub(crate) fn write_credentials(&self, text: &str) {
        // In one step, as tools do.
        let new = self.path("new");
        std::fs::write(&new, text).expect("written");
        std::fs::rename(new, self.path("credentials")).expect("moved");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn config(&self) -> PathBuf {
        self.path("config")
    }

    /// Starts a proxy whose requests are signed with what is in these files.
    pub(crate) fn proxy(&self, arguments: &[&str]) -> Proxy {
        let text = |path: &Path| path.to_str().expect("text").to_owned();
        let (config, credentials) = (text(&self.config()), text(&self.path("credentials")));
        let environment =
            [("AWS_CONFIG_FILE", config.as_str()), ("AWS_SHARED_CREDENTIALS_FILE", &credentials)];
        Proxy::start(arguments, &environment)
    }
}

pub(crate) fn profile(name: &str, key: &str) -> String {
    format!("[{name}]\naws_access_key_id = {key}\naws_secret_access_key = secret\n")
}

/// A server that lets one access key in, and calls the others expired.
pub(crate) fn server_for(key: &'static str) -> Server {
    Server::start(move |seen| async move {
        if !seen.credential().starts_with(key) {
            let said = json!({ "message": "The security token included in the request is expired" });
            return (StatusCode::FORBIDDEN, axum::Json(said)).into_response();
        }
        basics(&seen).unwrap_or_else(|| seen.says(seen.credential()))
    })
}

pub(crate) const SIGNED: [&str; 4] = ["--service", "lambda", "--region", "eu-west-1"];

fn access_key(seen: &Seen) -> &str {
    seen.credential().split('/').next().unwrap_or_default()
}

#[tokio::test]
async fn keys_that_are_changed_in_the_file_are_used_at_once() {
    let server =
        Server::start(|seen| async move { basics(&seen).unwrap_or_else(|| seen.says(access_key(&seen))) });
    let files = Files::new("", &profile("default", "AKIAFIRST"));
    let mut proxy = files.proxy(&[&[server.url().as_str()], &SIGNED[..]].concat());
    proxy.greet().await;
    assert_eq!(proxy.call("once").await, Ok("AKIAFIRST".to_owned()));
    files.write_credentials(&profile("default", "AKIASECOND"));
    assert_eq!(proxy.call("once").await, Ok("AKIASECOND".to_owned()));
    proxy.must_be_well().await;
}

#[tokio::test]
async fn credentials_that_are_missing_at_first_and_there_later_need_no_restart() {
    let server = server_for("AKIALATER");
    let files = Files::new("", "");
    let mut proxy = files.proxy(&[&[server.url().as_str()], &SIGNED[..]].concat());
    let refused = proxy.request("1", "initialize", crate::common::initialize()).await;
    assert_eq!(refused["error"]["data"]["cause"], "credentials", "{refused}");
    assert!(server.seen().is_empty());
    files.write_credentials(&profile("default", "AKIALATER"));
    assert!(proxy.greet().await["result"].is_object());
    assert_eq!(
        proxy.call("once").await,
        Ok("AKIALATER/".to_owned() + &today() + "/eu-west-1/lambda/aws4_request")
    );
    proxy.must_be_well().await;
}

fn today() -> String {
    let now = std::time::SystemTime::now();
    httpdate_day(now)
}

/// `YYYYMMDD` of a time, from HTTP's way to write it.
fn httpdate_day(time: std::time::SystemTime) -> String {
    let date = httpdate::fmt_http_date(time);
    let words: Vec<&str> = date.split(' ').collect();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|month| *month == words[2]).expect("a month") + 1;
    format!("{}{month:02}{}", words[3], words[1])
}

#[tokio::test]
async fn a_program_that_hands_out_credentials_fails_with_its_own_words() {
    let server = server_for("AKIA");
    let files = Files::new("[default]\ncredential_process = echo log in first >&2; exit 3\n", "");
    let mut proxy = files.proxy(&[&[server.url().as_str()], &SIGNED[..]].concat());
    let refused = proxy.request("1", "initialize", crate::common::initialize()).await;
    let why = refused["error"]["message"].as_str().expect("a message");
    assert!(why.contains("log in first") && why.contains("need not be restarted"), "{why}");
    proxy.finish().await;
}

#[tokio::test]
async fn skip_auth_signs_where_it_can_and_sends_unsigned_where_it_cannot() {
    let server =
        Server::start(|seen| async move { basics(&seen).unwrap_or_else(|| seen.says(access_key(&seen))) });
    let files = Files::new("", "");
    let mut proxy = files.proxy(&[&[server.url().as_str(), "--skip-auth"], &SIGNED[..]].concat());
    proxy.greet().await;
    assert_eq!(proxy.call("once").await, Ok("none".to_owned()));
    files.write_credentials(&profile("default", "AKIA"));
    assert_eq!(proxy.call("once").await, Ok("AKIA".to_owned()));
    proxy.must_be_well().await;
}
