//! Arrays: NPY, NPZ and IDX.

use super::*;

fn npy(descr: &str, fortran: &str, shape: &str, numbers: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), numbers].concat()
}

fn floats(batch: &RecordBatch) -> Vec<Vec<Option<f64>>> {
    let columns = batch.columns().iter().map(|column| arrow_cast::cast(column, &DataType::Float64).unwrap());
    columns.map(|column| column.as_primitive::<Float64Type>().iter().collect()).collect()
}

#[test]
fn arrays_of_all_kinds_and_orders() {
    let folder = Folder::new();
    let le = |numbers: &[f64]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
    let expected = vec![vec![Some(1.0), Some(3.0), Some(5.0)], vec![Some(2.0), Some(4.0), Some(6.0)]];
    for (name, bytes) in [
        ("c.npy", npy("<f8", "False", "(3, 2)", &le(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))),
        ("f.npy", npy("<f8", "True", "(3, 2)", &le(&[1.0, 3.0, 5.0, 2.0, 4.0, 6.0]))),
        ("big.npy", npy(">i2", "False", "(3, 2)", &[0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6])),
        ("u1.npy", npy("|u1", "True", "(3, 2)", &[1, 3, 5, 2, 4, 6])),
    ] {
        let batch = read(&folder.put(name, bytes));
        assert_eq!(names(&batch), ["column_1", "column_2"], "{name}");
        assert_eq!(floats(&batch), expected, "{name}");
    }
    let signed =
        read(&folder.put("s.npy", npy("<i4", "False", "(2,)", &[0xfe, 0xff, 0xff, 0xff, 7, 0, 0, 0])));
    assert_eq!(signed.column(0).as_primitive::<Int64Type>().values(), &[-2, 7]);
    let missing = read(&folder.put("nan.npy", npy("<f8", "False", "(2,)", &le(&[f64::NAN, f64::INFINITY]))));
    assert_eq!(floats(&missing), [[None, Some(f64::INFINITY)]]);
    let truths = read(&folder.put("b.npy", npy("|b1", "False", "(2, 1)", &[1, 0])));
    assert_eq!(truths.column(0).as_boolean(), &BooleanArray::from(vec![true, false]));
    let images = read(&folder.put("i.npy", npy("|u1", "False", "(1, 2, 3)", &[1, 2, 3, 4, 5, 6])));
    assert_eq!(image_shape(images.schema().field(0)), Some((2, 3, 1)));
    assert_eq!(
        images.column(0).as_fixed_size_list().values().as_primitive::<UInt8Type>().values(),
        &[1, 2, 3, 4, 5, 6]
    );
}

#[test]
fn numbers_round_trip_through_npy() {
    let folder = Folder::new();
    write(&folder.path("t.npy"), &table().project(&[0, 1]).unwrap());
    let back = read(&folder.path("t.npy"));
    assert_eq!(floats(&back), floats(&table().project(&[0, 1]).unwrap()));
    let mut writer = Writer::create(&folder.path("u.npy"), None).unwrap();
    assert!(writer.write(&table()).unwrap_err().to_string().contains("not 'name'"));
    drop(writer);
    assert!(!PathBuf::from(folder.path("u.npy")).exists());
}

#[test]
fn arrays_with_wrong_headers_are_errors() {
    let folder = Folder::new();
    for (name, bytes, part) in [
        ("short.npy", npy("|u1", "False", "(3, 2)", &[1, 2, 3]), "row 2: expected 3 rows of 2 bytes"),
        ("short_f.npy", npy("|u1", "True", "(3, 2)", &[1, 2, 3, 4]), "expected 3 rows of 2 bytes"),
        ("long.npy", npy("|u1", "False", "(1, 2)", &[1, 2, 3]), "more bytes"),
        ("huge.npy", npy("<f8", "False", "(9999999999999, 9999999999)", &[1]), "exceeds the address space"),
        ("wide.npy", npy("<f8", "False", "(1, 99999999999)", &[1]), "at most 1048576 columns"),
        ("tall.npy", npy("<f8", "False", "(99999999999, 2)", &[1]), "the end of the file"),
        ("none.npy", npy("<f8", "False", "(3, 0)", &[]), "at least one number"),
        ("scalar.npy", npy("<f8", "False", "()", &[0; 8]), "1 to 4 dimensions"),
        ("object.npy", npy("|O", "False", "(1,)", &[0; 8]), "an array of bool, int"),
        ("image.npy", npy("|u1", "False", "(1, 2, 2, 2)", &[0; 8]), "1 or 3 channels"),
        ("u8.npy", npy("<u8", "False", "(1,)", &[0xff; 8]), "column 'column_1'"),
    ] {
        let error = failure(&folder.put(name, bytes));
        assert!(error.contains(part), "{name}: {error}");
    }
    cut_and_bend("t.npy", &npy("|u1", "False", "(3, 2)", &[1, 2, 3, 4, 5, 6]));
    cut_and_bend("t.npy", &npy("<f4", "True", "(2, 2)", &[0; 16]));
}

/// A ZIP archive of stored or deflated members.
fn archive(members: &[(&str, Vec<u8>)], deflate: bool) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let mut packed = content.clone();
        if deflate {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Default::default());
            encoder.write_all(content).unwrap();
            packed = encoder.finish().unwrap();
        }
        let offset = bytes.len() as u32;
        let mut common = vec![20, 0, 0, 0, if deflate { 8 } else { 0 }, 0, 0, 0, 0, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend((packed.len() as u32).to_le_bytes());
        common.extend((content.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        bytes.extend([&b"PK\x03\x04"[..], &common, name.as_bytes(), &packed].concat());
        directory.extend(
            [&b"PK\x01\x02\x14\x00"[..], &common, &[0; 10], &offset.to_le_bytes(), name.as_bytes()].concat(),
        );
    }
    let (start, size, count) = (bytes.len() as u32, directory.len() as u32, members.len() as u8);
    bytes.extend(directory);
    bytes.extend(
        [
            &b"PK\x05\x06\0\0\0\0"[..],
            &[count, 0, count, 0],
            &size.to_le_bytes(),
            &start.to_le_bytes(),
            &[0, 0],
        ]
        .concat(),
    );
    bytes
}

#[test]
fn archives_of_arrays() {
    let folder = Folder::new();
    let table = npy("|u1", "False", "(3, 2)", &[1, 2, 3, 4, 5, 6]);
    let labels = npy("|u1", "False", "(3,)", &[0, 1, 0]);
    for deflate in [false, true] {
        let both = archive(&[("y.npy", labels.clone()), ("X.npy", table.clone())], deflate);
        let batch = read(&folder.put("both.npz", &both));
        assert_eq!(names(&batch), ["column_1", "column_2", "y"]);
        assert_eq!(batch.column(2).as_primitive::<Int64Type>().values(), &[0, 1, 0]);
        let only = read(&folder.put("only.npz", archive(&[("whatever.npy", table.clone())], deflate)));
        assert_eq!(only.num_columns(), 2);
        cut_and_bend("t.npz", &both);
    }
    let two = archive(&[("a.npy", table.clone()), ("b.npy", table)], false);
    assert!(failure(&folder.put("two.npz", two)).contains("[a.npy, b.npy]"));
}

fn idx(kind: u8, shape: &[u32], numbers: &[u8]) -> Vec<u8> {
    let sides = shape.iter().flat_map(|side| side.to_be_bytes()).collect::<Vec<_>>();
    [&[0, 0, kind, shape.len() as u8], sides.as_slice(), numbers].concat()
}

#[test]
fn idx_images_find_their_labels() {
    let folder = Folder::new();
    let images = folder.put("train-images-idx3-ubyte.gz", gz(&idx(8, &[3, 1, 2], &[1, 2, 3, 4, 5, 6])));
    assert_eq!(names(&read(&images)), ["image"]);
    folder.put("train-labels-idx1-ubyte", idx(8, &[3], &[7, 8, 9]));
    let batch = read(&images);
    assert_eq!(names(&batch), ["image", "label"]);
    assert_eq!(image_shape(batch.schema().field(0)), Some((1, 2, 1)));
    assert_eq!(batch.column(1).as_primitive::<Int64Type>().values(), &[7, 8, 9]);
    folder.put("train-labels-idx1-ubyte", idx(8, &[2], &[7, 8]));
    assert!(failure(&images).contains("3 values, one for each row, found 2"), "{}", failure(&images));

    let table = read(&folder.put("t.idx", idx(0x0b, &[2, 2], &[0, 1, 0xff, 0xff, 0, 3, 0, 4])));
    assert_eq!(floats(&table), [[Some(1.0), Some(3.0)], [Some(-1.0), Some(4.0)]]);
    let huge = folder.put("huge", idx(8, &[u32::MAX, u32::MAX, u32::MAX], &[1]));
    assert!(failure(&huge).contains("a complete, undamaged file"), "{}", failure(&huge));
    cut_and_bend("t.idx", &idx(8, &[3, 1, 2], &[1, 2, 3, 4, 5, 6]));
}
