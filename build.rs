//! Makes cargo notice a new migration: `sqlx::migrate!()` reads the folder at compile time.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
