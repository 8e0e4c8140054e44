//! What is configurable of the customers' side.

#[derive(Clone)]
pub struct Options {
    /// Requests that one address may make, per second, with bursts of two seconds' worth; default
    /// 500: a person's pages make less than one, but an office or a proxy may be one address.
    pub requests_per_s: u32,
    /// Live chats that one address may have; default 500.
    pub chats_per_address: usize,
    /// Messages that one customer may send, per second, with bursts of two seconds' worth; default
    /// 20.
    pub messages_per_s: u32,
    /// CometD sessions that one address may have; default 1,000: each chat that it may have can
    /// have two, as while a page is loaded anew.
    pub sessions_per_address: usize,
    /// Bytes that one address may bring within an hour, by all doors; default 256 MiB. It is not
    /// for bringing files by the thousand.
    pub bytes_per_address: u64,
    /// Bytes that one service takes in within an hour, from everybody; default 8 GiB.
    pub bytes_per_service: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            requests_per_s: 500,
            chats_per_address: 500,
            messages_per_s: 20,
            sessions_per_address: 1_000,
            bytes_per_address: 256 << 20,
            bytes_per_service: 8 << 30,
        }
    }
}
