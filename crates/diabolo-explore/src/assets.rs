//! The files of the pages, embedded in the program.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

/// Path, type and content.
type Asset = (&'static str, &'static str, &'static str);

const SHARED: [Asset; 5] = [
    ("/style.css", CSS, include_str!("../web/style.css")),
    ("/icon.svg", PICTURE, include_str!("../web/icon.svg")),
    ("/dom.js", SCRIPT, include_str!("../web/dom.js")),
    ("/server.js", SCRIPT, include_str!("../web/server.js")),
    ("/picture.js", SCRIPT, include_str!("../web/picture.js")),
];

const EXPLORER: [Asset; 16] = [
    ("/", HTML, include_str!("../web/index.html")),
    ("/app.js", SCRIPT, include_str!("../web/app.js")),
    ("/store.js", SCRIPT, include_str!("../web/store.js")),
    ("/map/map.js", SCRIPT, include_str!("../web/map/map.js")),
    ("/quantized.js", SCRIPT, include_str!("../web/quantized.js")),
    ("/map/pace.js", SCRIPT, include_str!("../web/map/pace.js")),
    ("/map/worker.js", SCRIPT, include_str!("../web/map/worker.js")),
    ("/map/raster.js", SCRIPT, include_str!("../web/map/raster.js")),
    ("/map/index.js", SCRIPT, include_str!("../web/map/index.js")),
    ("/map/lasso.js", SCRIPT, include_str!("../web/map/lasso.js")),
    ("/panels/decode.js", SCRIPT, include_str!("../web/panels/decode.js")),
    ("/panels/row.js", SCRIPT, include_str!("../web/panels/row.js")),
    ("/panels/path.js", SCRIPT, include_str!("../web/panels/path.js")),
    ("/panels/selection.js", SCRIPT, include_str!("../web/panels/selection.js")),
    ("/panels/series.js", SCRIPT, include_str!("../web/panels/series.js")),
    ("/panels/color.js", SCRIPT, include_str!("../web/panels/color.js")),
];

const LAB: [Asset; 12] = [
    ("/lab/lab.css", CSS, include_str!("../web/lab/lab.css")),
    ("/lab/lab.js", SCRIPT, include_str!("../web/lab/lab.js")),
    ("/lab/data.js", SCRIPT, include_str!("../web/lab/data.js")),
    ("/lab/charts.js", SCRIPT, include_str!("../web/lab/charts.js")),
    ("/lab/vae.js", SCRIPT, include_str!("../web/lab/vae.js")),
    ("/lab/contraction.js", SCRIPT, include_str!("../web/lab/contraction.js")),
    ("/lab/bound.js", SCRIPT, include_str!("../web/lab/bound.js")),
    ("/lab/grid.js", SCRIPT, include_str!("../web/lab/grid.js")),
    ("/lab/families.js", SCRIPT, include_str!("../web/lab/families.js")),
    ("/lab/stability.js", SCRIPT, include_str!("../web/lab/stability.js")),
    ("/lab/tasks.js", SCRIPT, include_str!("../web/lab/tasks.js")),
    ("/lab/build.js", SCRIPT, include_str!("../web/lab/build.js")),
];

/// The pages of the explorer.
pub(crate) fn explorer() -> Router {
    served(&[&SHARED[..], &EXPLORER].concat())
}

/// The files of the lab, without its pages.
pub(crate) fn lab() -> Vec<Asset> {
    [&SHARED[..], &LAB].concat()
}

/// A router of these files.
pub(crate) fn served(assets: &[Asset]) -> Router {
    assets.iter().fold(Router::new(), |router, &(path, kind, text)| {
        router.route(path, get(move || async move { ([(header::CONTENT_TYPE, kind)], text).into_response() }))
    })
}
