//! Machines and operators: health, on a listener of its own.
