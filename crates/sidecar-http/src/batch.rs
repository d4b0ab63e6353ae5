//! What `POST /events` takes.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use hyper::HeaderMap;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};

use crate::reply::Reply;

/// Most bytes of a body, as sent and as unpacked.
pub(crate) const MAX_BODY_BYTES: usize = 1 << 20;

/// A body that was handed in, complete and unpacked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Batch {
    /// How events stand in the body.
    pub format: BatchFormat,
    /// At most 1 MiB; not looked at, so it may hold anything.
    pub body: Bytes,
}

/// How events stand in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchFormat {
    /// `application/json`.
    Json,
    /// `application/x-ndjson`: one event per line.
    NdJson,
}

/// What a request's headers say of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packing {
    format: BatchFormat,
    gzip: bool,
}

impl Packing {
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Reply> {
        let format = only(headers, &CONTENT_TYPE)
            .and_then(format)
            .ok_or_else(|| Reply::unsupported("expected application/json or application/x-ndjson"))?;
        let gzip = match only(headers, &CONTENT_ENCODING) {
            None if !headers.contains_key(CONTENT_ENCODING) => false,
            Some(coding) if coding.eq_ignore_ascii_case("identity") => false,
            Some(coding) if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") => {
                true
            }
            _ => return Err(Reply::unsupported("of content encodings only gzip is taken")),
        };
        // RFC 9112, 6.1: only chunks are taken apart on the way here, so any other coding would still be in the body.
        let chunked = only(headers, &TRANSFER_ENCODING).is_some_and(|it| it.eq_ignore_ascii_case("chunked"));
        if headers.contains_key(TRANSFER_ENCODING) && !chunked {
            return Err(Reply::bad_request("of transfer codings only chunked is taken, and once"));
        }
        let declared = only(headers, &CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
        if declared.is_some_and(|length| length > MAX_BODY_BYTES) {
            return Err(Reply::too_large());
        }
        Ok(Self { format, gzip })
    }

    /// Unpacks at most [`MAX_BODY_BYTES`], whatever the compressed body claims.
    pub(crate) fn unpack(self, sent: Vec<u8>) -> Result<Batch, Reply> {
        let body = if self.gzip { gunzip(&sent[..])? } else { sent };
        Ok(Batch { format: self.format, body: body.into() })
    }
}

fn gunzip(sent: impl Read) -> Result<Vec<u8>, Reply> {
    let mut body = Vec::new();
    let read = MultiGzDecoder::new(sent).take(MAX_BODY_BYTES as u64 + 1).read_to_end(&mut body);
    match read {
        Ok(length) if length > MAX_BODY_BYTES => Err(Reply::too_large()),
        Ok(_) => Ok(body),
        Err(_) => Err(Reply::bad_request("the body is not readable as gzip")),
    }
}

fn only<'a>(headers: &'a HeaderMap, name: &hyper::header::HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?.trim_ascii();
    values.next().is_none().then_some(value)
}

fn format(content_type: &str) -> Option<BatchFormat> {
    let essence = content_type.split(';').next()?.trim_ascii();
    if essence.eq_ignore_ascii_case("application/json") {
        Some(BatchFormat::Json)
    } else if essence.eq_ignore_ascii_case("application/x-ndjson") {
        Some(BatchFormat::NdJson)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    #[test]
    fn content_types_are_told_apart_by_their_essence() {
        let table = [
            ("application/json", Some(BatchFormat::Json)),
            ("Application/JSON; charset=utf-8", Some(BatchFormat::Json)),
            ("application/x-ndjson ; a=b", Some(BatchFormat::NdJson)),
            ("application/jsonx", None),
            ("text/plain", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(format(text), expected, "{text}");
        }
    }

    /// Counts what is taken.
    struct Counted<'a>(&'a [u8], &'a mut usize);

    impl Read for Counted<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let read = self.0.read(buffer)?;
            *self.1 += read;
            Ok(read)
        }
    }

    #[test]
    fn unpacking_stops_at_the_bound_however_much_would_follow() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..64 {
            encoder.write_all(&[0; MAX_BODY_BYTES]).expect("memory");
        }
        let bomb = encoder.finish().expect("memory");
        let mut taken = 0;
        assert!(gunzip(Counted(&bomb, &mut taken)).is_err());
        // The first mebibyte, and the decoder's buffer of 32 KiB.
        assert!(taken <= bomb.len() / 64 + (33 << 10), "{taken} of {}", bomb.len());
        assert!(taken < bomb.len());
    }

    proptest! {
        #[test]
        fn no_body_panics_the_unpacker(sent in prop::collection::vec(any::<u8>(), 0..200), magic: bool) {
            let mut body = if magic { vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] } else { Vec::new() };
            body.extend(sent);
            let unpacked = Packing { format: BatchFormat::Json, gzip: true }.unpack(body);
            prop_assert!(unpacked.map_or(true, |batch| batch.body.len() <= MAX_BODY_BYTES));
        }
    }
}
