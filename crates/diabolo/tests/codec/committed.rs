//! Files of earlier versions come back.
