//! Networks of companies: an authority of their own that signs for every host, and proxies.
//! (Complaint 9.)

use std::sync::{Arc, Mutex};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::common::{Proxy, initialize};

/// A server behind TLS with a certificate of its own; answers one request per connection.
async fn behind_tls() -> (u16, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![cert.der().clone()], key).expect("they match");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust it hangs up.
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    answer(&mut stream).await;
                }
            });
        }
    });
    (port, cert.pem())
}

/// Reads a request, and answers it with a handshake.
async fn answer(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin)) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\"}}") {
        if stream.read_buf(&mut text).await.unwrap_or_default() == 0 {
            break;
        }
    }
    let result = json!({ "jsonrpc": "2.0", "id": "1", "result": crate::common::hello() }).to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let response = format!("{head}content-length: {}\r\n\r\n{result}", result.len());
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
    String::from_utf8(text).expect("text")
}

async fn first_answer(url: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Value {
    let mut proxy = Proxy::start(&[&[url, "--unsigned"], arguments].concat(), environment);
    let answer = proxy.request("1", "initialize", initialize()).await;
    proxy.finish().await;
    answer
}

#[tokio::test]
async fn complaint_9_an_authority_that_the_environment_names_is_trusted() {
    let (port, pem) = behind_tls().await;
    let url = format!("https://localhost:{port}/mcp");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), pem).expect("written");
    let path = file.path().to_str().expect("text");

    let refused = first_answer(&url, &[], &[]).await;
    let why = refused["error"]["message"].as_str().expect("not trusted");
    assert!(why.contains("certificate"), "{why}");
    for variable in
        ["AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"]
    {
        let answer = first_answer(&url, &[], &[(variable, path)]).await;
        assert!(answer["result"].is_object(), "{variable}: {answer}");
    }
}

#[tokio::test]
async fn complaint_9_an_authority_that_cannot_be_read_is_named() {
    let refused =
        first_answer("https://localhost:1/mcp", &[], &[("AWS_CA_BUNDLE", "/nonexistent/ca.pem")]).await;
    let why = refused["error"]["message"].as_str().expect("an error");
    assert!(why.contains("AWS_CA_BUNDLE names /nonexistent/ca.pem, which cannot be used"), "{why}");
}

#[tokio::test]
async fn complaint_9_the_way_out_is_the_proxy_that_the_environment_names() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let way_out = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let text = answer(&mut stream).await;
            *seen.lock().expect("not poisoned") = text;
        }
    });
    let url = "http://mcp.example.com/mcp";
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let answer = first_answer(url, &["--allow-http"], &[(variable, &way_out)]).await;
        assert!(answer["result"].is_object(), "{variable}: {answer}");
        let asked = std::mem::take(&mut *asked.lock().expect("not poisoned"));
        assert!(asked.starts_with("POST http://mcp.example.com/mcp HTTP/1.1"), "{variable}: {asked}");
    }
}
