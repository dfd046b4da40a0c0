//! HTTP/2 frames written by hand, for requests that no client library sends (RFC 9113 section 4.1).

/// The connection preface of a client, with empty SETTINGS.
pub(super) fn preface() -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes
}

pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    let mut frame: Vec<u8> = length.into_iter().skip(1).collect();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// A literal field without indexing and without Huffman coding (RFC 7541 section 6.2.2).
pub(super) fn field(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0];
    for text in [name, value] {
        field.extend(length(text.len()));
        field.extend_from_slice(text.as_bytes());
    }
    field
}

/// An integer with a prefix of seven bits (RFC 7541 section 5.1).
fn length(number: usize) -> Vec<u8> {
    const MOST: usize = 127;
    let mut bytes = vec![u8::try_from(number.min(MOST)).unwrap_or(0)];
    let Some(mut rest) = number.checked_sub(MOST) else { return bytes };
    while rest > MOST {
        bytes.push(u8::try_from(rest % 128).unwrap_or(0) | 128);
        rest /= 128;
    }
    bytes.push(u8::try_from(rest).unwrap_or(0));
    bytes
}
