use super::ReadConn;
use crate::store::{
    Class, open_reader,
    tests::{open_new, settings},
};

impl ReadConn {
    /// What a setting is, on this connection.
    pub(crate) fn pragma(&self, name: &str) -> String {
        crate::store::tests::pragma(&self.conn, name)
    }
}

#[test]
fn it_cannot_write() {
    let dir = tempfile::tempdir().unwrap();
    let settings = settings(&dir.path().join("vault.db"));
    let _writer = open_new(&settings).unwrap();
    let (reader, _) = open_reader(&settings).unwrap();
    let refused = reader.conn.execute_batch("CREATE TABLE t (x)").map_err(reader.at("try"));
    let fault = refused.unwrap_err();
    assert_eq!(fault.class, Class::Operation);
    assert!(matches!(fault.error, crate::Error::ReadOnly { .. }));
}

#[test]
fn it_makes_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("missing.db");
    let fault = open_reader(&settings(&path)).unwrap_err();
    assert!(matches!(fault.error, crate::Error::Io { .. }), "{fault:?}");
    assert!(!path.exists());
}
