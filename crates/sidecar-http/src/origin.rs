//! What a browser says of the page that a request comes from.

use hyper::HeaderMap;

/// Whether a page of another origin has begun the request. `same-site` is one too: pages on other ports of this machine
/// are of the same site. Older browsers do not say it, and neither does any to a plain `http` address that is not
/// loopback (Fetch Metadata, 2 and 4).
pub(crate) fn is_foreign(headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    sites.any(|site| matches!(site.as_bytes(), b"cross-site" | b"same-site"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn only_what_is_said_to_be_another_origin_is_foreign() {
        for (sites, foreign) in [
            (&[][..], false),
            (&["same-origin"], false),
            (&["none"], false),
            (&["something-new"], false),
            (&["same-site"], true),
            (&["cross-site"], true),
            (&["none", "cross-site"], true),
        ] {
            let mut headers = HeaderMap::new();
            for site in sites {
                headers.append("sec-fetch-site", HeaderValue::from_static(site));
            }
            assert_eq!(is_foreign(&headers), foreign, "{sites:?}");
        }
    }
}
