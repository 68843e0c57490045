#!/usr/bin/env bash
# Whether the security documents tell the truth as far as a machine can say: docs/asvs.md answers every requirement of the
# list, with its level; what is "met" names its proof; and every file and test named there, in docs/security.md exists.
#   asvs.sh [TREE...]   further trees whose files and tests count too (branches about to be merged)
set -euo pipefail
cd "$(dirname "$0")/../.."
trees=(. "$@")
table=docs/asvs.md
list=tests/fixtures/asvs-5.0.0-levels-1-and-2.txt
documents=("$table" docs/security.md)
failed=0
wrong() { echo "$*" >&2; failed=1; }

# Numbers and levels: none missing, none invented, none twice.
rows() { grep -E '^\| [0-9]+\.[0-9]+\.[0-9]+ \|' "$table"; }
differences=$(diff <(grep -v '^#' "$list" | sort) <(rows | awk -F' *[|] *' '{ sub("L", "", $3); print $2, $3 }' | sort) || true)
[ -z "$differences" ] || wrong "$table differs from $list:"$'\n'"$differences"

# Answers: one of four words; a proof or a reason with each.
rows | awk -F' *[|] *' '
  $5 !~ /^(met|part|open|n\/a)$/ { print $2 ": the answer \"" $5 "\" is none of met, part, open, n/a"; bad = 1 }
  $6 == "" { print $2 ": no proof and no reason"; bad = 1 }
  $5 == "met" && $6 !~ /`[^`]*[.\/][^`]*`|As [0-9]/ { print $2 ": met, but by nothing that can be looked up"; bad = 1 }
  END { exit bad }' >&2 || failed=1
counted=$(rows | awk -F' *[|] *' '{ n[$5]++ } END { printf "%d met, %d in part, %d open, %d not applicable", n["met"], n["part"], n["open"], n["n/a"] }')
grep -qF "$counted" "$table" || wrong "$table should say on top: $counted"

is_test() { # is_test FILE NAME: a function of that name right below a test attribute
  awk -v name="$2" '
    /#\[(tokio::)?test/ { near = 6 }
    near > 0 && $0 ~ "fn " name "[(<]" { found = 1 }
    { near-- }
    END { exit !found }' "$1"
}
exists() { # exists REFERENCE: PATH, or PATH::TEST
  local path=${1%%::*} tree
  for tree in "${trees[@]}"; do
    [ -e "$tree/$path" ] || continue
    [ "$path" = "$1" ] || is_test "$tree/$path" "${1##*::}" || continue
    return 0
  done
  return 1
}
references() { # what stands in backquotes and begins like a path of the repository, and links to pages beside
  grep -ohE '`[^` ]+`' "${documents[@]}" | tr -d '`' |
    grep -E '^(src|tests|docs|migrations|templates|static|benches|fuzz)/|^(Cargo\.(toml|lock)|deny\.toml|clippy\.toml|Makefile|SECURITY\.md)$' | sort -u
  grep -ohE '\]\([a-z/-]+\.md\)' "${documents[@]}" | sed -E 's#^..(.*).$#docs/\1#' | sort -u
}
number=0
while read -r reference; do
  number=$((number + 1))
  exists "$reference" || wrong "named in the documents and not there: $reference"
done < <(references)

# What was written ahead of the code is marked so, and nobody releases it unread.
ahead=$(grep -ohE '<!-- needs: [a-z ]+ -->' "${documents[@]}" | sort | uniq -c || true)
[ -z "$ahead" ] || wrong "written ahead of the code:"$'\n'"$ahead"

[ "$failed" = 0 ] || exit 1
echo "asvs: $counted; $number references exist"
