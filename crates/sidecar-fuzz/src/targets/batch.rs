//! `POST /events` as far as the endpoints read it: header lines, an empty line, and a body.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Request};
use sidecar_http::{Batch, BatchFormat, Endpoints, EndpointsService};

use super::endpoint::{Whole, ask};

const MIB: usize = 1 << 20;

/// The endpoints, and what was handed over last.
struct Asked {
    service: EndpointsService,
    taken: Arc<Mutex<Option<Batch>>>,
}

impl Asked {
    fn new() -> Self {
        let taken = Arc::new(Mutex::new(None));
        let last = Arc::clone(&taken);
        let take = move |batch| *last.lock().expect("nothing panics in it") = Some(batch);
        let service = Endpoints::builder().token("secret").ingest(take).into_service();
        Self { service: service.expect("right settings"), taken }
    }

    fn post(&self, headers: &[(HeaderName, HeaderValue)], body: &[u8]) -> (u16, Option<Batch>) {
        let request = Request::builder().method(Method::POST).uri("/events").header("Host", "localhost");
        let request = request.header("Authorization", "Bearer secret").body(Whole::of(body));
        let mut request = request.expect("a request");
        for (name, value) in headers {
            request.headers_mut().append(name, value.clone());
        }
        let status = ask(&self.service, request).status;
        (status, self.taken.lock().expect("nothing panics in it").take())
    }
}

pub(super) fn run(bytes: &[u8]) {
    let mut rest = bytes;
    let mut headers = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        if line.is_empty() {
            break;
        }
        headers.extend(header(line));
    }
    let body = rest;
    let asked = Asked::new();
    let (status, taken) = asked.post(&headers, body);
    let values = |name: &str| -> Vec<&[u8]> {
        headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_bytes()).collect()
    };
    match taken {
        None => assert!([400, 413, 415].contains(&status), "{status}"),
        Some(batch) => {
            assert_eq!(status, 202);
            let [kind] = values("content-type")[..] else { panic!("a type, and only one") };
            assert_eq!(Some(batch.format), format(kind));
            let packed =
                values("content-encoding").iter().any(|coding| !coding.eq_ignore_ascii_case(b"identity"));
            let expected = if packed { unpacked(body).expect("it was taken") } else { body.to_vec() };
            assert!(batch.body == expected, "another body was handed over");
        }
    }

    // What is packed and taken apart again is the same.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    let packed = encoder.finish().expect("memory");
    let headers = ["Content-Type: application/x-ndjson", "Content-Encoding: gzip"];
    let headers: Vec<_> = headers.iter().filter_map(|line| header(line.as_bytes())).collect();
    let (status, taken) = asked.post(&headers, &packed);
    assert_eq!(status, 202);
    let taken = taken.expect("it was taken");
    assert!(taken.format == BatchFormat::NdJson && taken.body == bytes);
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    let ours = ["host", "authorization"].contains(&name.as_str());
    let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
    (!ours).then_some((name, value))
}

fn format(content_type: &[u8]) -> Option<BatchFormat> {
    let text = std::str::from_utf8(content_type).ok()?.to_ascii_lowercase();
    let (essence, _) = text.split_once(';').unwrap_or((&text, ""));
    match essence.trim_matches([' ', '\t']) {
        "application/json" => Some(BatchFormat::Json),
        "application/x-ndjson" => Some(BatchFormat::NdJson),
        _ => None,
    }
}

/// All of it, if that is within the bound.
fn unpacked(sent: &[u8]) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    let read = MultiGzDecoder::new(sent).take(MIB as u64 + 1).read_to_end(&mut all).ok()?;
    (read <= MIB).then_some(all)
}
