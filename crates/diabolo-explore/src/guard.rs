//! Who may ask: a browser on this computer that was given the token.
//!
//! | attack | answer |
//! |---|---|
//! | another computer | the server listens on 127.0.0.1 |
//! | DNS rebinding: a foreign name that resolves to 127.0.0.1 | `Host` must be one of a few names |
//! | another program or user of this computer | a random token, traded once for a cookie |
//! | a page of another origin | cookie `SameSite=Strict`; POST needs a header of ours, and no foreign `Origin` |
//! | names and cells of the data that look like HTML | pages set text only; the policy allows no inline script |
//! | large bodies | 1 MiB at most |
//!
//! Whoever lists the processes of this computer sees the token, an argument of the browser that was
//! started. So it opens one browser only, and the cookie has a secret of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// The names and the secrets of a server.
pub(crate) struct Guard {
    port: u16,
    /// Of the printed address.
    token: String,
    is_token_used: AtomicBool,
    /// Of the cookie.
    secret: String,
    /// The allowed values of `Host`.
    hosts: Vec<String>,
}

/// What is done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Served,
    /// The token was right: the browser gets the cookie.
    Admitted,
    /// A browser that has the cookie opens the printed address again.
    Returned,
    Refused(&'static str),
}

impl Guard {
    pub fn new(port: u16, host_name: Option<&str>) -> Result<Self> {
        let mut hosts: Vec<String> =
            ["127.0.0.1", "localhost"].iter().map(|host| format!("{host}:{port}")).collect();
        hosts.extend(host_name.map(str::to_ascii_lowercase));
        let is_token_used = AtomicBool::new(false);
        Ok(Guard { port, token: random()?, is_token_used, secret: random()?, hosts })
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?token={}", self.port, self.token)
    }

    /// Named by the port, since cookies do not tell ports apart.
    fn cookie(&self) -> String {
        format!("diabolo_{}={}", self.port, self.secret)
    }

    fn verdict(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Verdict {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let Some(host) = text("host").map(str::to_ascii_lowercase).filter(|host| self.hosts.contains(host))
        else {
            return Verdict::Refused("the Host of this request is not this server; see --host-name");
        };
        let token = uri.query().and_then(|query| query.strip_prefix("token="));
        match (token, self.has_cookie(headers)) {
            (Some(_), true) if method == Method::GET => return Verdict::Returned,
            (Some(token), false) if method == Method::GET => return self.admission(token),
            (_, true) => {}
            _ => return Verdict::Refused("open the address that `diabolo` printed, which holds the token"),
        }
        if method == Method::GET {
            return Verdict::Served;
        }
        let foreign = text("origin").is_some_and(|origin| origin != format!("http://{host}"))
            || text("sec-fetch-site").is_some_and(|site| site != "same-origin");
        match foreign || !headers.contains_key(OWN_HEADER) || method != Method::POST {
            true => Verdict::Refused("this request does not come from our page"),
            false => Verdict::Served,
        }
    }

    /// The first browser with the token is let in.
    fn admission(&self, token: &str) -> Verdict {
        if !equal(token, &self.token) {
            return Verdict::Refused("this token is not of this server: open the address that it printed");
        }
        match self.is_token_used.swap(true, Ordering::Relaxed) {
            false => Verdict::Admitted,
            true => Verdict::Refused(
                "this address was opened before, and opens one browser only: use that browser, or start \
                 the program again, for an address of its own. If it was not you who opened it, another \
                 program has read it: end this one, and start it with --no-open",
            ),
        }
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        cookies.flat_map(|line| line.split(';')).any(|cookie| equal(cookie.trim(), &self.cookie()))
    }
}

/// 192 random bits.
fn random() -> Result<String> {
    let mut bytes = [0u8; 24];
    getrandom::fill(&mut bytes)
        .map_err(|cause| Error::internal(format!("the system gives no random numbers: {cause}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
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
    // The token leaves the address bar and the history. The place is fixed: of a path such as
    // //evil.example a browser would make another host.
    let home = (header::LOCATION, "/".to_string());
    let mut response = match guard.verdict(request.method(), request.uri(), request.headers()) {
        Verdict::Served => next.run(request).await,
        Verdict::Refused(why) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
        Verdict::Returned => (StatusCode::SEE_OTHER, [home]).into_response(),
        Verdict::Admitted => {
            // Kept when the browser is closed, since the token opens once; it ends with the server.
            let cookie = format!("{}; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800", guard.cookie());
            (StatusCode::SEE_OTHER, [(header::SET_COOKIE, cookie), home]).into_response()
        }
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

    fn guard() -> Guard {
        Guard {
            port: 80,
            token: "token".into(),
            is_token_used: AtomicBool::new(false),
            secret: "secret".into(),
            hosts: vec!["localhost:80".into()],
        }
    }

    fn verdict(guard: &Guard, method: &str, uri: &str, headers: &[(&str, String)]) -> Verdict {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: header::HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        guard.verdict(&method.parse().unwrap(), &uri.parse().unwrap(), &map)
    }

    #[test]
    fn only_our_page_may_ask() {
        let host = ("host", "LOCALHOST:80".to_string());
        let cookie = ("cookie", "a=b; diabolo_80=secret".to_string());
        let own = ("x-diabolo", "1".to_string());
        let of = |name: &'static str, value: &str| (name, value.to_string());
        let get = |headers: &[(&str, String)]| verdict(&guard(), "GET", "/", headers);
        let refused = |verdict: Verdict| matches!(verdict, Verdict::Refused(_));
        assert_eq!(get(&[host.clone(), cookie.clone()]), Verdict::Served);
        assert!(refused(get(std::slice::from_ref(&host))));
        assert!(refused(get(std::slice::from_ref(&cookie))));
        for foreign in ["evil.example", "localhost", "localhost:81", "localhost:80.evil.example"] {
            assert!(refused(get(&[of("host", foreign), cookie.clone()])), "{foreign}");
        }
        let post = |more: &[(&str, String)]| {
            let headers = [&[host.clone(), cookie.clone()], more].concat();
            verdict(&guard(), "POST", "/api/decode", &headers)
        };
        assert_eq!(post(&[own.clone(), of("origin", "http://localhost:80")]), Verdict::Served);
        assert!(refused(post(&[])));
        assert!(refused(post(&[own.clone(), of("origin", "http://evil.example")])));
        assert!(refused(post(&[own.clone(), of("origin", "null")])));
        assert!(refused(post(&[own.clone(), of("sec-fetch-site", "cross-site")])));
        assert!(refused(verdict(&guard(), "PUT", "/", &[host.clone(), cookie, own.clone()])));
        assert!(refused(verdict(&guard(), "POST", "/api/decode?token=token", &[host, own])));
    }

    #[test]
    fn the_token_opens_one_browser_and_is_not_the_cookie() {
        let guard = guard();
        let host = ("host", "localhost:80".to_string());
        let cookie = |secret: &str| ("cookie", format!("diabolo_80={secret}"));
        let opened = |headers: &[(&str, String)]| verdict(&guard, "GET", "/?token=token", headers);
        let wrong = verdict(&guard, "GET", "/?token=toke", std::slice::from_ref(&host));
        assert!(matches!(wrong, Verdict::Refused(_)));
        assert_eq!(opened(std::slice::from_ref(&host)), Verdict::Admitted);
        assert!(
            matches!(opened(std::slice::from_ref(&host)), Verdict::Refused(why) if why.contains("opened before"))
        );
        assert!(matches!(opened(&[host.clone(), cookie("token")]), Verdict::Refused(_)));
        assert_eq!(opened(&[host, cookie("secret")]), Verdict::Returned);
        let made = Guard::new(80, None).unwrap();
        assert!(made.secret.len() == 48 && made.token.len() == 48 && made.secret != made.token);
    }
}
