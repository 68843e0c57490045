//! Every reader of strangers' bytes (`tenantry::fuzzing`) against inputs mutated from real ones: no panic, and what must hold
//! holds. Each run begins from a seed that it prints; `FUZZ_ARGS="--seed N --target NAME --inputs N"` repeats or prolongs one.
#![cfg(feature = "faults")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy knows tests by their attribute and not the helpers they share"
)]

mod mutate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use mutate::{Chance, mutate};
use tenantry::fuzzing::{Target, targets};

/// Inputs per reader unless told.
const INPUTS: u64 = 20_000;
/// Longest input, bytes: more than any reader is given.
const LONGEST: usize = 8 * 1024;

struct Args {
    inputs: u64,
    seed: u64,
    target: Option<String>,
}

fn args() -> Args {
    let text = std::env::var("FUZZ_ARGS").unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    let value = |name: &str| {
        let at = words.iter().position(|word| *word == name)?;
        words.get(at + 1).copied()
    };
    let number = |name| value(name).map(|text| text.parse().unwrap());
    Args {
        inputs: number("--inputs").unwrap_or(INPUTS),
        seed: number("--seed").unwrap_or(0x7e4a_4e7e_d00d),
        target: value("--target").map(str::to_owned),
    }
}

/// The next input: a seed, or one that was kept, changed a few times; now and then two of them joined.
fn next(pool: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut input = pool[chance.below(pool.len())].clone();
    if chance.below(8) == 0 {
        let other = &pool[chance.below(pool.len())];
        let (cut, from) = (chance.below(input.len() + 1), chance.below(other.len() + 1));
        input.truncate(cut);
        input.extend(&other[from..]);
    }
    mutate(&mut input, chance);
    input.truncate(LONGEST);
    input
}

/// The first input that breaks the reader, if one does.
fn search(target: &Target, args: &Args) -> Option<Vec<u8>> {
    let breaks = |input: &[u8]| catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err();
    let mut pool: Vec<Vec<u8>> = target.seeds.iter().map(|seed| seed.to_vec()).collect();
    pool.extend([Vec::new(), b"{}".to_vec(), vec![0xff; 64]]);
    if let Some(seed) = pool.iter().find(|seed| breaks(seed)) {
        return Some(seed.clone());
    }
    let mut chance = Chance::new(args.seed);
    for number in 0..args.inputs {
        let input = next(&pool, &mut chance);
        if breaks(&input) {
            return Some(input);
        }
        // What was mutated once is mutated further: without coverage to go by, any will do.
        if number % 16 == 0 {
            let place = chance.below(256);
            if pool.len() < 256 {
                pool.push(input);
            } else if place >= target.seeds.len() {
                pool[place] = input;
            }
        }
    }
    None
}

#[test]
fn no_reader_panics_on_mutated_inputs() {
    let args = args();
    let all = targets();
    assert!(all.len() >= 12, "only {} readers", all.len());
    let chosen: Vec<Target> = all
        .into_iter()
        .filter(|target| {
            let named = args.target.as_deref();
            named.is_none_or(|name| name == target.name)
        })
        .collect();
    assert!(!chosen.is_empty(), "no reader of that name");
    println!("seed {}, {} inputs each", args.seed, args.inputs);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let broken = std::sync::Mutex::new(Vec::new());
    let work = || {
        while let Some(target) = chosen.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
        {
            let start = Instant::now();
            let found = search(target, &args);
            println!("{:16} {:5} ms", target.name, start.elapsed().as_millis());
            if let Some(input) = found {
                broken.lock().unwrap().push((target.name, input));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    if let Some((name, input)) = broken.into_inner().unwrap().first() {
        let shown = String::from_utf8_lossy(input);
        panic!("{name} breaks (seed {}) on {input:?}\n{shown}", args.seed);
    }
}

#[test]
fn the_search_finds_a_reader_that_breaks() {
    let brittle = Target {
        name: "brittle",
        seeds: &[b"abcdef"],
        run: |bytes| assert!(!bytes.contains(&0xff) || bytes.len() < 8),
    };
    let args = Args {
        inputs: INPUTS,
        seed: 1,
        target: None,
    };
    std::panic::set_hook(Box::new(|_| {}));
    let found = search(&brittle, &args);
    let _ = std::panic::take_hook();
    assert!(found.is_some());
}

#[test]
fn every_reader_has_a_libfuzzer_target_of_its_name() {
    let manifest = include_str!("../../fuzz/Cargo.toml");
    for target in targets() {
        let name = format!("name = \"{}\"", target.name);
        assert!(manifest.contains(&name), "fuzz/Cargo.toml lacks {name}");
        let path = format!(
            "{}/fuzz/fuzz_targets/{}.rs",
            env!("CARGO_MANIFEST_DIR"),
            target.name
        );
        let source = std::fs::read_to_string(&path).unwrap();
        assert!(source.contains(&format!("target(\"{}\")", target.name)));
    }
}
