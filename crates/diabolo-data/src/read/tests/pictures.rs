//! Images.

use super::*;

fn colours() -> RecordBatch {
    let field = crate::image::image_field(2, 3, 3, false);
    let pixels = (0..4 * 18).map(|n| n as u8 * 3).collect::<Vec<_>>();
    let images = crate::image::image_array(&field, Arc::new(UInt8Array::from(pixels))).unwrap();
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![images]).unwrap()
}

#[test]
fn images_round_trip() {
    let folder = Folder::new();
    for name in ["p.parquet", "p.arrow", "p.npy", "pictures/"] {
        write(&folder.path(name), &colours());
        let back = read(&folder.path(name));
        let column = back.schema().index_of("image").unwrap();
        assert_eq!(image_shape(back.schema().field(column)), Some((2, 3, 3)), "{name}");
        assert_eq!(back.column(column), colours().column(0), "{name}");
    }
    assert_eq!(texts(&read(&folder.path("pictures/")), "file")[0], Some("000001.png".into()));
    write(&folder.path("d.parquet"), &digits().unwrap());
    let back = read(&folder.path("d.parquet"));
    assert_eq!(image_scale(back.schema().field(0)), 16.0);
    assert_eq!(back.columns(), digits().unwrap().columns());
}

#[test]
fn float_images_round_trip_through_npy() {
    let folder = Folder::new();
    let field = crate::image::image_field(2, 2, 1, true);
    let pixels = Arc::new(Float32Array::from(vec![0.0, 0.25, 0.5, 1.0]));
    let images = crate::image::image_array(&field, pixels.clone()).unwrap();
    write(
        &folder.path("f.npy"),
        &RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![images]).unwrap(),
    );
    let back = read(&folder.path("f.npy"));
    assert_eq!(back.column(0).as_fixed_size_list().values().as_primitive::<Float32Type>(), pixels.as_ref());
}

#[test]
fn folders_give_files_and_labels_in_order() {
    let folder = Folder::new();
    write(&folder.path("cat/"), &colours().slice(0, 2));
    write(&folder.path("dog/deep/"), &colours().slice(2, 2));
    folder.put(".hidden/x.png", "no picture");
    folder.put("notes.txt", "no picture");
    let batch = read(&folder.path(""));
    let files = ["cat/000001.png", "cat/000002.png", "dog/deep/000001.png", "dog/deep/000002.png"];
    assert_eq!(texts(&batch, "file"), files.map(|file| Some(file.to_string())));
    assert_eq!(texts(&batch, "label"), ["cat", "cat", "dog", "dog"].map(|label| Some(label.to_string())));
    let single = read(&folder.path("cat/000002.png"));
    assert_eq!(single.column(1), &batch.column(1).slice(1, 1));

    // The keys give the same folders.
    write(&folder.path("again/"), &batch);
    assert_eq!(read(&folder.path("again/")), batch);

    let grey = |side: u32| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image::GrayImage::new(side, 3).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    };
    folder.put("grey/a.jpg", grey(4));
    assert_eq!(image_shape(read(&folder.path("grey")).schema().field(1)), Some((3, 4, 1)));
    folder.put("grey/b.JPEG", grey(5));
    let error = failure(&folder.path("grey"));
    assert!(
        error.contains("b.JPEG: expected 3 × 4 pixels") && error.contains("found 3 × 5 pixels"),
        "{error}"
    );
}

#[test]
fn bad_folders_and_pictures_are_errors() {
    let folder = Folder::new();
    folder.put("none/readme.txt", "nothing");
    assert!(failure(&folder.path("none")).contains("a folder without any"));
    write(&folder.path("p/"), &colours().slice(0, 1));
    let batch = read(&folder.path("p/000001.png"));
    let leading_out = RecordBatch::try_from_iter([
        ("file", Arc::new(StringArray::from(vec!["../x.png"])) as ArrayRef),
        ("image", batch.column(1).clone()),
    ]);
    let schema =
        Schema::new(vec![Field::new("file", DataType::Utf8, false), batch.schema().field(1).clone()]);
    let leading_out =
        RecordBatch::try_new(Arc::new(schema), leading_out.unwrap().columns().to_vec()).unwrap();
    let error =
        Writer::create(&folder.path("q/"), None).unwrap().write(&leading_out).unwrap_err().to_string();
    assert!(error.contains("points outside the folder"), "{error}");
    assert!(!PathBuf::from(folder.path("x.png")).exists());
}

fn case(name: &str) -> String {
    format!("{}/../../testdata/cases/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn noted(path: &str, images: ImageOptions) -> (RecordBatch, Vec<String>) {
    let (on_note, notes) = OnNote::kept();
    let options = ReadOptions { images, on_note, ..Default::default() };
    let batch = open(path, &options).unwrap().collect().unwrap();
    (batch, notes())
}

fn shape(batch: &RecordBatch) -> (usize, usize, usize) {
    image_shape(batch.schema().field(1)).unwrap()
}

/// The pixels of one image, as numbers.
fn pixels(batch: &RecordBatch, row: usize) -> Vec<i64> {
    let image = batch.column(1).as_fixed_size_list().value(row);
    let image = arrow_cast::cast(&image, &DataType::Int64).unwrap();
    image.as_primitive::<Int64Type>().values().to_vec()
}

/// Sums and pixels are those of Pillow.
#[test]
fn images_of_16_bits_keep_them() {
    let (batch, _) = noted(&case("train-pictures-16bit"), ImageOptions::default());
    assert_eq!((batch.num_rows(), shape(&batch)), (12, (8, 8, 1)));
    assert_eq!(image_scale(batch.schema().field(1)), 65535.0);
    assert_eq!(
        (&pixels(&batch, 0)[..4], pixels(&batch, 0).iter().sum()),
        (&[2062, 2378, 3075, 3417][..], 199_017)
    );
    assert_eq!(pixels(&batch, 11).iter().sum::<i64>(), 101_266);
    // Written as PNG, NPY and Parquet, they come back.
    let folder = Folder::new();
    for name in ["pictures/", "p.parquet", "p.npy"] {
        let images = if name == "p.npy" { batch.project(&[1]).unwrap() } else { batch.clone() };
        write(&folder.path(name), &images);
        let back = read(&folder.path(name));
        assert_eq!(back.column_by_name("image"), batch.column_by_name("image"), "{name}");
    }
    // Beside them, images of 8 bits are scaled.
    folder.put("both/a.png", std::fs::read(case("train-pictures-16bit/00.png")).unwrap());
    folder.put("both/b.png", std::fs::read(case("train-pictures-mixed/00.png")).unwrap());
    let (both, notes) = noted(&folder.path("both"), ImageOptions::default());
    assert_eq!(pixels(&both, 1)[..2], [147 * 257, 150 * 257]);
    assert!(notes[0].starts_with("1 of 2 images have 16 bits"), "{notes:?}");
}

#[test]
fn images_are_turned_as_exif_says() {
    let (batch, notes) = noted(&case("train-pictures-exif"), ImageOptions::default());
    assert_eq!((batch.num_rows(), shape(&batch)), (12, (24, 16, 1)));
    assert_eq!(notes, ["all images are turned as their EXIF orientation says"]);
    // ImageOps.exif_transpose of Pillow; decoders of JPEG may differ by a little.
    let mut near = pixels(&batch, 0).into_iter().zip([105, 128, 138, 139, 139, 111, 157, 132]);
    assert!(near.all(|(found, expected)| (found - expected).abs() <= 2), "{:?}", pixels(&batch, 0));
    assert!((pixels(&batch, 0).iter().sum::<i64>() - 53_759).abs() < 400);
}

#[test]
fn one_image_in_colour_is_noted_and_channels_can_be_chosen() {
    let (batch, notes) = noted(&case("train-pictures-mixed"), ImageOptions::default());
    assert_eq!((batch.num_rows(), shape(&batch)), (13, (8, 8, 3)));
    assert!(
        notes[0].starts_with("12 of 13 images are grey and are read as RGB, beside 1 in colour"),
        "{notes:?}"
    );
    assert_eq!(pixels(&batch, 0)[..6], [147, 147, 147, 150, 150, 150]);
    let grey = ImageOptions { channels: Some(1), ..Default::default() };
    let (batch, _) = noted(&case("train-pictures-mixed"), grey);
    assert_eq!(shape(&batch), (8, 8, 1));
    // A single image in the channels of the others.
    let colour = ImageOptions { channels: Some(3), ..Default::default() };
    let (one, _) = noted(&case("train-pictures-mixed/00.png"), colour);
    assert_eq!((shape(&one), &pixels(&one, 0)[..3]), ((8, 8, 3), &[147, 147, 147][..]));
}

#[test]
fn images_are_resized_and_turned_grey_as_by_pillow() {
    let folder = Folder::new();
    let gradient = image::RgbImage::from_fn(8, 4, |x, y| image::Rgb([(x * 30) as u8, (y * 60) as u8, 200]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    gradient.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    folder.put("a.png", bytes.into_inner());
    let options = ImageOptions { channels: Some(1), ..Default::default() };
    let (grey, _) = noted(&folder.path("a.png"), options);
    // Image.convert("L")
    assert_eq!(pixels(&grey, 0)[..9], [23, 32, 41, 50, 59, 68, 77, 86, 58]);
    let options = ImageOptions { resize: Some([2, 4]), ..Default::default() };
    let (small, notes) = noted(&folder.path("a.png"), options);
    assert_eq!(shape(&small), (2, 4, 3));
    assert_eq!(notes, ["all images are resized to 2 × 4 pixels"]);
    // Image.resize((4, 2), Image.BILINEAR)
    let expected = [
        [21, 43, 200, 75, 43, 200, 135, 43, 200, 189, 43, 200],
        [21, 137, 200, 75, 137, 200, 135, 137, 200, 189, 137, 200],
    ];
    let mut near = pixels(&small, 0).into_iter().zip(expected.concat());
    assert!(near.all(|(found, expected)| (found - expected).abs() <= 1), "{:?}", pixels(&small, 0));
}

#[test]
fn unreadable_images_are_skipped_or_refused() {
    let folder = Folder::new();
    let png = std::fs::read(case("train-pictures-mixed/00.png")).unwrap();
    for name in ["p/a.png", "p/d.png"] {
        folder.put(name, &png);
    }
    folder.put("p/b.png", &png[..png.len() / 2]);
    folder.put("p/c.png", "no picture");
    let (batch, notes) = noted(&folder.path("p"), ImageOptions::default());
    assert_eq!(texts(&batch, "file"), [Some("a.png".into()), Some("d.png".into())]);
    assert!(
        notes.len() == 1 && notes[0].starts_with("skipped 2 of 4 images, which cannot be read"),
        "{notes:?}"
    );
    let strict =
        ReadOptions { images: ImageOptions { strict: true, ..Default::default() }, ..Default::default() };
    let error = open(&folder.path("p"), &strict).and_then(Source::collect).unwrap_err().to_string();
    assert!(error.contains("c.png: expected a complete, undamaged file"), "{error}");
    folder.put("q/c.png", "no picture");
    assert!(failure(&folder.path("q")).contains("1 unreadable files"), "{}", failure(&folder.path("q")));
}

#[test]
fn images_that_cannot_be_read_are_counted() {
    let folder = Folder::new();
    let gif = &b"GIF89a\x01\0\x01\0"[..];
    folder.put("p/a.png", std::fs::read(case("train-pictures-mixed/00.png")).unwrap());
    folder.put("p/b.gif", gif);
    folder.put("p/c.TIFF", b"II*\0\x08\0\0\0");
    folder.put("p/notes.txt", "no picture");
    #[cfg(unix)]
    std::os::unix::fs::symlink("gone", folder.path("p/d.png")).unwrap();
    let (batch, notes) = noted(&folder.path("p"), ImageOptions::default());
    assert_eq!(batch.num_rows(), 1);
    let (count, all) = if cfg!(unix) { (3, 4) } else { (2, 3) };
    let note = format!("skipped {count} of {all} images, which cannot be read; the first: ");
    assert!(notes.len() == 1 && notes[0].starts_with(&note), "{notes:?}");
    let reason = "b.gif: not supported: a GIF image; convert the images to PNG or JPEG";
    assert!(notes[0].ends_with(reason), "{notes:?}");
    assert!(fingerprint(&folder.path("p")).unwrap().is_some());
    folder.put("q/b.gif", gif);
    assert!(failure(&folder.path("q")).contains(reason), "{}", failure(&folder.path("q")));
    folder.put("q/t.csv", "x\n1\n");
    assert_eq!(read(&folder.path("q")).num_rows(), 1);
}

#[cfg(unix)]
#[test]
fn class_folders_may_be_symbolic_links() {
    let folder = Folder::new();
    for class in ["a", "target"] {
        for image in 0..12 {
            let from = if class == "a" { "train-pictures-link/a" } else { "train-pictures-link-target" };
            let name = format!("{image:02}.png");
            let to = if class == "a" { format!("p/a/{name}") } else { format!("target/{name}") };
            folder.put(&to, std::fs::read(case(&format!("{from}/{name}"))).unwrap());
        }
    }
    std::os::unix::fs::symlink("../target", folder.path("p/b")).unwrap();
    std::os::unix::fs::symlink("..", folder.path("p/a/loop")).unwrap();
    let batch = read(&folder.path("p"));
    assert_eq!((batch.num_rows(), texts(&batch, "label")[12].clone()), (24, Some("b".into())));
}

#[test]
fn a_fingerprint_is_of_the_contents() {
    let folder = Folder::new();
    let before = |name: &str, bytes: &[u8]| {
        folder.put(name, bytes);
        fingerprint(&folder.path("p")).unwrap().unwrap()
    };
    let one = before("p/a.png", b"12345");
    assert_ne!(before("p/a.png", b"12346"), one);
    assert_eq!(before("p/a.png", b"12345"), one);
    folder.put("p/notes.txt", "ignored");
    assert_eq!(fingerprint(&folder.path("p")).unwrap().unwrap(), one);
}
