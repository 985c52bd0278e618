pub fn encode_serde(record: &loadspan_record::RequestRecord, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, record).unwrap();
    out.push(b'\n');
}
