//! The examples at the end of each `--help`. A test runs every line.

pub const FIT: &str = "\
Examples:
  diabolo fit digits
  diabolo fit customers.csv --key id --label plan
  diabolo fit customers.csv --key id --preset detect --out runs/watch
  diabolo fit holes.csv --key id --preset impute --out runs/fill
  diabolo fit digits --preset denoise --out runs/clean
  diabolo fit sensor.csv --key time --window 24 --preset detect --out runs/series
  diabolo fit taxi --preset forecast --horizon 24 --out runs/next
  diabolo fit customers.csv --key id --preset synthesize --out runs/copy";

pub const COMPARE: &str = "\
Examples:
  diabolo compare digits --models plain,denoising,contractive --corruption gaussian:0.2
  diabolo compare digits --seeds 3 --initializations 3 --likelihood bernoulli

Where a plain model overfits, and generalisation can be shown:
  diabolo compare digits --models plain,contractive --seeds 6 --test 0.85 --hidden 256 \\
    --latent-dim 32 --epochs 600 --contraction-weight 0.01 --tied false";

pub const SWEEP: &str = "\
Examples:
  diabolo sweep digits --set model.family.contraction_weight=0,0.01,0.1,1,10
  diabolo sweep digits --set model.family.kl_weight=0.1,1,4,20 --set model.latent_dim=2,10";

pub const ENCODE: &str = "\
Examples:
  diabolo encode runs/watch customers.csv -o codes.parquet
  diabolo encode runs/customers-variational customers.csv --posterior -o posterior.csv";

pub const DECODE: &str = "\
Example:
  diabolo encode runs/customers-variational customers.csv -o codes.csv
  diabolo decode runs/customers-variational codes.csv -o rows.csv";

pub const RECONSTRUCT: &str = "\
Example:
  diabolo reconstruct runs/customers-variational customers.csv -o made.csv";

pub const DENOISE: &str = "\
Examples:
  diabolo denoise runs/clean digits --add-noise gaussian:0.3 -o clean/
  diabolo denoise runs/watch customers.csv -o smooth.csv";

pub const COMPRESS: &str = "\
Examples:
  diabolo compress runs/customers-variational customers.csv -o customers.dbz
  diabolo compress runs/customers-variational customers.csv -o exact.dbz --exact --embed";

pub const DECOMPRESS: &str = "\
Examples:
  diabolo compress runs/customers-variational customers.csv -o customers.dbz
  diabolo decompress customers.dbz --model runs/customers-variational -o again.csv
  diabolo decompress customers.dbz --model runs/customers-variational --rows 10..20";

pub const MAP: &str = "\
Example:
  diabolo map runs/watch customers.csv --color plan -o map.html";

pub const EXPLORE: &str = "\
Examples:
  diabolo explore runs/customers-variational
  diabolo explore runs/watch runs/customers-variational customers.csv
  diabolo explore runs/watch --no-open --port 8080";

pub const LAB: &str = "\
Examples:
  diabolo lab
  diabolo lab --export course/";

pub const IMPUTE: &str = "\
Examples:
  diabolo impute runs/fill holes.csv -o filled.csv --mask filled-cells.csv
  diabolo impute runs/fill holes.csv -o drawn.csv --multiple 5";

pub const FORECAST: &str = "\
Examples:
  diabolo forecast runs/next taxi --horizon 1
  diabolo forecast runs/next taxi --level 0.9 --report next.html -o next.csv";

pub const GENERATE: &str = "\
Examples:
  diabolo generate runs/digits-variational -o sheet.png
  diabolo generate runs/customers-variational -n 1000 -o synthetic.csv
  diabolo generate runs/copy -n 1000 -o copy.csv
  diabolo generate runs/copy -n 100 --where plan=pro -o pro.csv";

pub const AUDIT: &str = "\
Example:
  diabolo audit copy.csv --real customers.csv --holdout new.csv --target plan --report audit.html";

pub const SCORE: &str = "\
Examples:
  diabolo score runs/watch new.csv -o scored.csv
  diabolo score runs/watch new.csv --drift --report scores.html -o scored.csv
  diabolo score runs/series sensor.csv --top 5 -o points.csv";

pub const CALIBRATE: &str = "\
Example:
  diabolo calibrate runs/watch new.csv";

pub const EVALUATE: &str = "\
Examples:
  diabolo evaluate runs/digits-variational --samples 100
  diabolo evaluate runs/watch --diagnose";

pub const FEATURES: &str = "\
Example:
  diabolo features runs/digits-variational";

pub const INSPECT: &str = "\
Examples:
  diabolo inspect customers.csv
  diabolo inspect runs/watch";

pub const EXPORT: &str = "\
Example:
  diabolo export runs/customers-variational -o customers.onnx";
