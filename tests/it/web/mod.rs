//! Pages from outside, one module per page.

mod headers;
