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
    let png = std::fs::read(folder.path("p/000001.png")).unwrap();
    folder.put("p/000002.png", &png[..png.len() / 2]);
    assert!(failure(&folder.path("p")).contains("000002.png: expected a complete, undamaged file"));
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
