//! What the server under test and its GPUs were doing while the load ran.
