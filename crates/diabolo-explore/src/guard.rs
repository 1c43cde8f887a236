//! Who may ask: a browser on this computer that was given the token.
//!
//! | attack | answer |
//! |---|---|
//! | another computer | the server listens on 127.0.0.1 |
//! | DNS rebinding: a foreign name that resolves to 127.0.0.1 | `Host` must be one of a few names |
//! | another program or user of this computer | a random token, traded for a cookie once |
//! | a page of another origin | cookie `SameSite=Strict`; POST needs a header of ours, and no foreign `Origin` |
//! | names and cells of the data that look like HTML | pages set text only; the policy allows no inline script |
//! | large bodies | 1 MiB at most |

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use diabolo::{Error, Result};

/// The header that scripts of our pages send with every POST.
const OWN_HEADER: &str = "x-diabolo";
const MOST_BYTES: usize = 1 << 20;
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
                      connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The names and the token of a server.
pub(crate) struct Guard {
    port: u16,
    token: String,
    /// The allowed values of `Host`.
    hosts: Vec<String>,
}

impl Guard {
    pub fn new(port: u16, host_name: Option<&str>) -> Result<Self> {
        let mut bytes = [0u8; 24];
        getrandom::fill(&mut bytes)
            .map_err(|cause| Error::internal(format!("the system gives no random numbers: {cause}")))?;
        let token = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut hosts: Vec<String> =
            ["127.0.0.1", "localhost"].iter().map(|host| format!("{host}:{port}")).collect();
        hosts.extend(host_name.map(str::to_ascii_lowercase));
        Ok(Guard { port, token, hosts })
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?token={}", self.port, self.token)
    }

    /// Named by the port, since cookies do not tell ports apart.
    fn cookie(&self) -> String {
        format!("diabolo_{}={}", self.port, self.token)
    }

    /// What is wrong with a request, if anything is.
    fn refusal(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let Some(host) = text("host").map(str::to_ascii_lowercase).filter(|host| self.hosts.contains(host))
        else {
            return Some("the Host of this request is not this server; see --host-name");
        };
        if !self.has_token(uri) && !self.has_cookie(headers) {
            return Some("open the address that `diabolo` printed, which holds the token");
        }
        if method == Method::GET {
            return None;
        }
        let foreign = text("origin").is_some_and(|origin| origin != format!("http://{host}"))
            || text("sec-fetch-site").is_some_and(|site| site != "same-origin");
        let own = headers.contains_key(OWN_HEADER);
        (foreign || !own || method != Method::POST).then_some("this request does not come from our page")
    }

    fn has_token(&self, uri: &Uri) -> bool {
        let given = uri.query().and_then(|query| query.strip_prefix("token="));
        given.is_some_and(|given| equal(given, &self.token))
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        cookies.flat_map(|line| line.split(';')).any(|cookie| equal(cookie.trim(), &self.cookie()))
    }
}

/// Compares in a time that depends on the lengths only.
fn equal(a: &str, b: &str) -> bool {
    let differ = a.bytes().zip(b.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    a.len() == b.len() && differ == 0
}

/// The same pages behind the guard.
pub(crate) fn guarded(pages: Router, guard: Arc<Guard>) -> Router {
    pages.layer(DefaultBodyLimit::max(MOST_BYTES)).layer(from_fn_with_state(guard, check))
}

async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let refusal = guard.refusal(request.method(), request.uri(), request.headers());
    let mut response = match refusal {
        Some(why) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
        None if guard.has_token(request.uri()) => {
            // The token leaves the address bar and the history.
            let cookie = format!("{}; HttpOnly; SameSite=Strict; Path=/", guard.cookie());
            let place = request.uri().path().to_string();
            let headers = [(header::SET_COOKIE, cookie), (header::LOCATION, place)];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        None => next.run(request).await,
    };
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let own = HeaderValue::from_static("same-origin");
    response.headers_mut().insert("cross-origin-resource-policy", own);
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refusal(method: &str, uri: &str, headers: &[(&str, String)]) -> Option<&'static str> {
        let guard = Guard { port: 80, token: "secret".into(), hosts: vec!["localhost:80".into()] };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: header::HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        guard.refusal(&method.parse().unwrap(), &uri.parse().unwrap(), &map)
    }

    #[test]
    fn only_our_page_may_ask() {
        let host = ("host", "LOCALHOST:80".to_string());
        let cookie = ("cookie", "a=b; diabolo_80=secret".to_string());
        let own = ("x-diabolo", "1".to_string());
        let of = |name: &'static str, value: &str| (name, value.to_string());
        let get = |headers: &[(&str, String)]| refusal("GET", "/", headers);
        assert_eq!(get(&[host.clone(), cookie.clone()]), None);
        assert_eq!(refusal("GET", "/?token=secret", std::slice::from_ref(&host)), None);
        assert!(get(std::slice::from_ref(&host)).is_some());
        assert!(refusal("GET", "/?token=secre", std::slice::from_ref(&host)).is_some());
        assert!(get(std::slice::from_ref(&cookie)).is_some());
        for foreign in ["evil.example", "localhost", "localhost:81", "localhost:80.evil.example"] {
            assert!(get(&[of("host", foreign), cookie.clone()]).is_some(), "{foreign}");
        }
        let post = |more: &[(&str, String)]| {
            refusal("POST", "/api/decode", &[&[host.clone(), cookie.clone()], more].concat())
        };
        assert_eq!(post(&[own.clone(), of("origin", "http://localhost:80")]), None);
        assert!(post(&[]).is_some());
        assert!(post(&[own.clone(), of("origin", "http://evil.example")]).is_some());
        assert!(post(&[own.clone(), of("origin", "null")]).is_some());
        assert!(post(&[own.clone(), of("sec-fetch-site", "cross-site")]).is_some());
        assert!(refusal("PUT", "/", &[host, cookie, own]).is_some());
    }
}
