//! Encoded secrets, through the engine.
