//! What may be changed in each table, and into what.

/// New values of every column of a row.
pub(super) const COLUMNS: [(&str, &str); 19] = [
    ("id", "id + 1000000"),
    ("at", "at + interval '1 microsecond'"),
    ("at", "at - interval '40 days'"),
    ("tenant_id", "gen_random_uuid()"),
    ("tenant_id", "null"),
    ("actor_type", "'command'"),
    ("actor_id", "null"),
    ("actor_name", "actor_name || ' '"),
    ("ip", "''"),
    ("action", "'tenant.archived'"),
    ("object_type", "'connection'"),
    ("object_id", "reverse(object_id)"),
    ("result", "'failed'"),
    ("request_id", "''"),
    ("details", "details || '{\"more\": 1}'"),
    ("details", "details - 'n'"),
    ("details", "jsonb_set(details, '{n}', '1.00')"),
    ("key_id", "gen_random_uuid()"),
    ("key_id", "'00000000-0000-0000-0000-000000000000'"),
];

pub(super) const SEAL: [(&str, &str); 9] = [
    ("seq", "seq + 1000000"),
    ("event_id", "event_id + 1"),
    ("event_at", "event_at + interval '1 microsecond'"),
    ("event_at", "event_at - interval '800 days'"),
    ("sealed_at", "sealed_at + interval '1 microsecond'"),
    ("digest", "sha256(digest)"),
    ("digest", "set_byte(digest, 5, get_byte(digest, 5) # 1)"),
    ("hash", "sha256(hash)"),
    ("hash", "set_byte(hash, 31, get_byte(hash, 31) # 128)"),
];

pub(super) const CHECKPOINT: [(&str, &str); 8] = [
    ("number", "number + 1000"),
    (
        "kind",
        "'closing', events_before = now(), cut_seq = 5, cut_hash = hash",
    ),
    ("seq", "seq - 1"),
    ("hash", "sha256(hash)"),
    ("at", "at + interval '1 microsecond'"),
    ("key_id", "gen_random_uuid()"),
    (
        "signature",
        "set_byte(signature, 9, get_byte(signature, 9) # 1)",
    ),
    ("signature", "''"),
];
