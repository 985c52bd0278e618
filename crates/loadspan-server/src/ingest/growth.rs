//! How much larger a request may become: what its resources say is sent once, and copied to each of its traces.

use crate::error::{ApiError, Code};
use crate::operation::Mistake;

/// Bytes of copies that any request may need: the batches of exporters, some thousand traces with dozens of attributes of their resource.
const ANY: usize = 16 << 20;
/// Beyond that, how many times its own size, so that who wants to fill the disk has to send something.
const TIMES: usize = 8;

/// Whether a request that came with so many bytes may have so many copied.
///
/// # Errors
///
/// It may not: it is too large.
pub(super) fn check(came: usize, copied: usize) -> Result<(), ApiError> {
    let most = came.saturating_mul(TIMES).saturating_add(ANY);
    if copied <= most {
        return Ok(());
    }
    let message = format!(
        "the traces of the request would have {copied} bytes of tags from their resources, and at most {most} are taken: send \
         smaller batches"
    );
    Err(ApiError::new(Code::RequestTooLarge, message).because(Mistake::TooLarge))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_may_become_a_few_times_what_it_was() {
        assert!(check(0, ANY).is_ok());
        assert!(check(10, ANY + 80).is_ok());
        let refused = check(10, ANY + 81).unwrap_err();
        assert_eq!(refused.code, Code::RequestTooLarge);
        assert!(check(usize::MAX, usize::MAX).is_ok());
    }
}
