//! The explorer's server as a browser, and as an attacker, meets it.

#![allow(missing_docs, clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{ArrayRef, Float32Array, RecordBatch};
use diabolo::pipeline::{Cancel, LatentSpace, Part};
use diabolo::{Config, FitJob, Predictor};
use diabolo_explore::{Options, Server};
use serde_json::{Value, json};

/// A running server, which ends when it is dropped.
struct Running {
    port: u16,
    /// Of the printed address; traded already.
    token: String,
    /// Name and secret.
    cookie: String,
    /// The head of the answer to the first request, with the token.
    admission: String,
    cancel: Cancel,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl Running {
    fn of(space: LatentSpace) -> Self {
        let server = Server::explorer(vec![("run".into(), space)], &Options::default()).unwrap();
        let address = server.address();
        let (port, token) =
            address.strip_prefix("http://127.0.0.1:").unwrap().split_once("/?token=").unwrap();
        let (port, token, cancel) = (port.parse().unwrap(), token.to_string(), Cancel::new());
        let until = cancel.clone();
        std::thread::spawn(move || server.serve(&until).unwrap());
        let mut running = Running { port, token, cookie: String::new(), admission: String::new(), cancel };
        let first = format!("GET //evil.example/?token={} HTTP/1.1", running.token);
        let (status, head, _) = running.raw(&[first, running.host()], b"");
        assert_eq!(status, 303, "{head}");
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        running.cookie = cookie.split(';').next().unwrap().to_string();
        running.admission = head;
        running
    }

    fn host(&self) -> String {
        format!("Host: 127.0.0.1:{}", self.port)
    }

    /// Status, head and body of the answer to these lines.
    fn raw(&self, lines: &[String], body: &[u8]) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head =
            format!("{}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", lines.join("\r\n"), body.len());
        stream.write_all(head.as_bytes()).unwrap();
        // A server that refuses may close before it has read everything.
        let _ = stream.write_all(body);
        let mut answer = vec![];
        let _ = stream.read_to_end(&mut answer);
        let at = answer.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..at]).to_string();
        (head[9..12].parse().unwrap(), head, answer[at + 4..].to_vec())
    }

    fn usual(&self, method: &str, path: &str) -> Vec<String> {
        vec![format!("{method} {path} HTTP/1.1"), self.host(), format!("Cookie: {}", self.cookie)]
    }

    fn get(&self, path: &str) -> Value {
        let (status, _, body) = self.raw(&self.usual("GET", path), b"");
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let more = ["X-Diabolo: 1", "Content-Type: application/json"].map(String::from);
        let lines = [self.usual("POST", path), more.to_vec()].concat();
        let (status, _, body) = self.raw(&lines, body.to_string().as_bytes());
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}

fn fitted(settings: &[&str], job: FitJob) -> Predictor {
    let mut config = Config::default();
    settings.iter().for_each(|setting| config.set(setting).unwrap());
    job.config(config).run().unwrap().predictor
}

fn digits() -> Running {
    let predictor = fitted(&["training.epochs=2"], FitJob::input("digits"));
    Running::of(LatentSpace::open(predictor, None).unwrap())
}

#[test]
fn strangers_are_refused() {
    let running = digits();
    let host = running.host();
    let cookie = format!("Cookie: {}", running.cookie);
    let line = |path: &str| format!("GET {path} HTTP/1.1");
    let status = |lines: &[String]| running.raw(lines, b"").0;
    assert_eq!(status(&[line("/"), host.clone()]), 403);
    assert_eq!(status(&[line("/?token=wrong"), host.clone()]), 403);
    for foreign in ["Host: evil.example", "Host: evil.example:80", "Host: 127.0.0.1:1"] {
        assert_eq!(status(&[line("/"), foreign.into(), cookie.clone()]), 403, "{foreign}");
    }
    // The token was used: neither an address nor a cookie with it opens a second browser.
    let again = line(&format!("/?token={}", running.token));
    let (code, _, body) = running.raw(&[again.clone(), host.clone()], b"");
    assert!(code == 403 && String::from_utf8_lossy(&body).contains("opened before"));
    let guessed = format!("Cookie: diabolo_{}={}", running.port, running.token);
    assert_eq!(status(&[line("/"), host.clone(), guessed]), 403);
    // The browser that has the cookie may open it again.
    let (code, head, _) = running.raw(&[again, host.clone(), cookie.clone()], b"");
    assert!(code == 303 && !head.to_lowercase().contains("set-cookie"), "{head}");
    let head = running.admission.to_lowercase();
    assert!(
        head.contains("httponly") && head.contains("samesite=strict") && head.contains("location: /\r"),
        "{head}"
    );
    let (status, head, _) = running.raw(&running.usual("GET", "/"), b"");
    assert_eq!(status, 200);
    assert!(head.to_lowercase().contains("content-security-policy: default-src 'none'"), "{head}");
    assert!(!head.to_lowercase().contains("access-control-allow"), "{head}");
    for path in
        ["/../Cargo.toml", "/..%2f..%2fetc/passwd", "/api/row/../../x", "//etc/passwd", "/map/%2e%2e/app.js"]
    {
        assert_eq!(running.raw(&running.usual("GET", path), b"").0, 404, "{path}");
    }
    // Without our header, from another page, and too large.
    let body = json!({ "run": 0, "code": [0.0] }).to_string();
    let kind = "Content-Type: application/json".to_string();
    let post = running.usual("POST", "/api/decode");
    assert_eq!(running.raw(&[post.clone(), vec![kind.clone()]].concat(), body.as_bytes()).0, 403);
    let own = "X-Diabolo: 1".to_string();
    let foreign =
        [post.clone(), vec![kind.clone(), own.clone(), "Origin: http://evil.example".into()]].concat();
    assert_eq!(running.raw(&foreign, body.as_bytes()).0, 403);
    let large = vec![b' '; (1 << 20) + 1];
    assert_eq!(running.raw(&[post, vec![kind, own]].concat(), &large).0, 413);
}

#[test]
fn a_decoded_code_is_what_decode_gives() {
    let predictor = fitted(&["training.epochs=3", "model.latent_dim=2"], FitJob::input("digits"));
    let code = [0.25f32, -1.125];
    let columns = code.iter().enumerate().map(|(k, &z)| {
        (format!("latent_{}", k + 1), Arc::new(Float32Array::from(vec![z])) as ArrayRef, true)
    });
    let codes = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let expected = predictor.decode(&codes).unwrap();
    let pixels =
        arrow_cast::cast(&expected.column(0).as_fixed_size_list().value(0), &arrow_schema::DataType::Float32);
    let expected: Vec<f32> = pixels.unwrap().as_primitive::<Float32Type>().values().to_vec();
    let running = Running::of(LatentSpace::open(predictor, None).unwrap());
    let (status, found) = running.post("/api/decode", &json!({ "run": 0, "code": code }));
    assert_eq!(status, 200, "{found}");
    assert_eq!(found["pixels"], json!(expected));
    assert_eq!(found["returned"].as_array().map(Vec::len), Some(2));
    let (status, found) = running.post("/api/decode", &json!({ "run": 0, "code": [1.0] }));
    assert!(status == 422 && found["error"].as_str().unwrap().contains("2 finite numbers"), "{found}");
    assert_eq!(running.post("/api/decode", &json!({ "run": 7, "code": code })).0, 422);
}

#[test]
fn a_session_marks_the_parts_of_the_fit_and_points_keep_their_rows() {
    let running = digits();
    let session = running.get("/api/session");
    let run = &session["runs"][0];
    assert_eq!((run["rows"].as_u64(), run["parts"]["other"].as_u64()), (Some(1797), Some(0)));
    assert!(run["parts"]["train"].as_u64() > run["parts"]["test"].as_u64());
    let (status, _, bytes) = running.raw(&running.usual("GET", "/api/points?run=0&axes=principal"), b"");
    assert_eq!(status, 200);
    let head = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
    let numbers = &bytes[4 + head..];
    assert_eq!(numbers.len(), 1797 * 12);
    let mut ids: Vec<u32> =
        numbers[..1797 * 4].chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().unwrap())).collect();
    ids.sort_unstable();
    assert!(ids.iter().enumerate().all(|(k, &id)| k == id as usize));
    let row = running.get("/api/row?run=0&row=3");
    assert_eq!(row["pixels"].as_array().map(Vec::len), Some(64));
    assert_eq!(row["latent"].as_array().map(Vec::len), Some(8));
    let all = json!([[-1e6, -1e6], [1e6, -1e6], [1e6, 1e6], [-1e6, 1e6]]);
    let lasso = json!({ "run": 0, "axes": "principal", "polygon": all });
    assert_eq!(running.post("/api/selection", &lasso).1["count"], 1797);
}

#[test]
fn a_mixed_table_with_hostile_names_is_described_edited_and_exported() {
    let rows = 300;
    let mut text = String::from("id,\"<img src=x onerror=alert(1)>\",\"a\"\"b\",plan\n");
    for i in 0..rows {
        text += &format!(
            "c{i},{},{:.2},{}\n",
            (i * 37) % 50,
            f64::from(i % 7) + 0.25,
            ["<b>x</b>", "y"][i as usize % 2]
        );
    }
    let predictor =
        fitted(&["training.epochs=2", "data.key=id"], FitJob::reader(std::io::Cursor::new(text.clone())));
    let batch = diabolo::data::read_from("rows", std::io::Cursor::new(text), &Default::default()).unwrap();
    let space = LatentSpace::of(predictor, "rows", batch.collect().unwrap()).unwrap();
    assert!(space.parts().iter().all(|part| *part == Part::Other));
    let latent = space.latent_dim();
    let running = Running::of(space);
    let run = &running.get("/api/session")["runs"][0];
    assert_eq!(run["columns"][0]["name"], "<img src=x onerror=alert(1)>");
    let (status, decoded) = running.post("/api/decode", &json!({ "run": 0, "code": vec![0.0; latent] }));
    assert_eq!(status, 200, "{decoded}");
    let plan = &decoded["columns"][2];
    let total: f64 = plan["probabilities"].as_array().unwrap().iter().map(|p| p[1].as_f64().unwrap()).sum();
    assert!((total - 1.0).abs() < 1e-6, "{plan}");
    assert!(decoded["columns"][0]["deviation"].as_f64().unwrap() > 0.0, "{decoded}");
    let same = running.post("/api/encode", &json!({ "run": 0, "row": 5, "cells": {} })).1;
    let row = running.get("/api/row?run=0&row=5");
    assert_eq!(same["code"], row["code"]);
    let other = json!({ "run": 0, "row": 5, "cells": { "plan": "<b>x</b>", "a\"b": "6.25" } });
    assert_ne!(running.post("/api/encode", &other).1["code"], row["code"]);
    let unknown = json!({ "run": 0, "row": 5, "cells": { "gone": "1" } });
    assert_eq!(running.post("/api/encode", &unknown).0, 422);
    let half = json!([[-1e6, -1e6], [1e6, -1e6], [1e6, 1e6], [-1e6, 1e6]]);
    let export = json!({ "run": 0, "axes": "principal", "polygon": half, "format": "csv" });
    let lines = [
        running.usual("POST", "/api/export"),
        vec!["X-Diabolo: 1".into(), "Content-Type: application/json".into()],
    ]
    .concat();
    let (status, _, file) = running.raw(&lines, export.to_string().as_bytes());
    let file = String::from_utf8(file).unwrap();
    assert_eq!((status, file.lines().count()), (200, rows as usize + 1), "{file}");
    assert!(file.contains("<b>x</b>"));
}

#[test]
fn the_heat_of_a_conditional_model_is_that_of_its_condition() {
    let settings = ["training.epochs=2", "model.latent_dim=2", "data.condition=['label']"];
    let predictor = fitted(&settings, FitJob::input("digits"));
    let running = Running::of(LatentSpace::open(predictor, None).unwrap());
    let heat = |given: &str| {
        let path = format!("/api/heat?run=0&axes=principal&x0=-1&x1=1&y0=-1&y1=1&given={given}");
        running.raw(&running.usual("GET", &path), b"")
    };
    let of = |label: u32| {
        let (status, _, bytes) = heat(&format!("%7B%22label%22%3A%22{label}%22%7D"));
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
        bytes
    };
    let (none, zero, seven) = (heat("").2, of(0), of(7));
    assert_eq!(none, zero, "the first level, where none is chosen");
    assert_ne!(zero, seven);
    let (status, _, wrong) = heat("label");
    assert!(status == 422 && String::from_utf8_lossy(&wrong).contains("a JSON object"));
}

#[test]
fn a_family_that_cannot_decode_codes_says_so_before_it_is_asked() {
    let settings = ["training.epochs=1", "model.family={kind='multiscale'}"];
    let predictor = fitted(&settings, FitJob::input("digits"));
    let latent = predictor.saved().architecture.latent_dim;
    let running = Running::of(LatentSpace::open(predictor, None).unwrap());
    let run = &running.get("/api/session")["runs"][0];
    let sentence = run["cannot_decode"].as_str().unwrap();
    assert!(sentence.contains("multiscale autoencoder has no decoder for codes"), "{sentence}");
    assert_eq!(run["effects"], json!([]));
    let (status, found) = running.post("/api/decode", &json!({ "run": 0, "code": vec![0.0; latent] }));
    assert_eq!(status, 422, "{found}");
    // Its rows have reconstructions.
    assert_eq!(running.get("/api/row?run=0&row=3")["back"].as_array().map(Vec::len), Some(64));
    assert_eq!(digits().get("/api/session")["runs"][0]["cannot_decode"], Value::Null);
}

#[test]
fn the_vectors_of_a_quantized_code_are_sent() {
    let family = "model.family={kind='vector_quantized',groups=4,codebook_size=8}";
    let predictor = fitted(&["training.epochs=1", "model.latent_dim=8", family], FitJob::input("digits"));
    let running = Running::of(LatentSpace::open(predictor, None).unwrap());
    let codebooks = &running.get("/api/session")["runs"][0]["codebooks"];
    let lengths = |of: &Value| of.as_array().map(Vec::len);
    assert_eq!((lengths(&codebooks["vectors"]), lengths(&codebooks["vectors"][3])), (Some(4), Some(8)));
    let code = running.get("/api/row?run=0&row=5")["code"].clone();
    let second = json!([code[2], code[3]]);
    assert!(codebooks["vectors"][1].as_array().unwrap().contains(&second), "{second}");
}

#[test]
fn an_input_that_changes_or_goes_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    let rows: String = (0..60).map(|k| format!("{k},{}\n", k % 7)).collect();
    std::fs::write(&path, format!("a,b\n{rows}")).unwrap();
    let input = path.to_str().unwrap();
    let predictor = fitted(&["training.epochs=1"], FitJob::input(input));
    let running = Running::of(LatentSpace::open(predictor, None).unwrap());
    assert_eq!(running.get("/api/notes"), json!([[]]));
    std::fs::write(&path, format!("a,b\n{rows}7,7\n")).unwrap();
    let note = running.get("/api/notes")[0][0].as_str().unwrap_or_default().to_string();
    assert!(note.contains("rows.csv has changed since it was opened"), "{note}");
    std::fs::remove_file(&path).unwrap();
    let note = running.get("/api/notes")[0][0].as_str().unwrap_or_default().to_string();
    assert!(note.contains("cannot be read any more"), "{note}");
    assert_eq!(running.get("/api/session")["runs"][0]["notes"], running.get("/api/notes")[0]);
}
