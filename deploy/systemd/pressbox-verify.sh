#!/bin/sh
# Verifies the journal against the last verification that found no fault, and then exports every channel with its uploads into the
# current directory. Exits with 1 if anything is damaged or missing, deleted channels included. pressbox-verify.service runs it
# every night. If ARCHIVE_AFTER is set, it also archives channels that ended before that time, after a verification without fault.
set -eu

pressbox=${1:-/opt/pressbox/node_modules/.bin/pressbox}
PRESSBOX_URL=${PRESSBOX_URL:-http://127.0.0.1:${PRESSBOX_PORT:-4000}}
# A server without a secret needs a token of its issuer, from the environment file.
PRESSBOX_TOKEN=${PRESSBOX_TOKEN:-$("$pressbox" token --name "Nightly verification" --admin --ttl 8h 2>/dev/null)}
export PRESSBOX_URL PRESSBOX_TOKEN

# Other users may read the unit's cache directory, such as the node exporter of Prometheus.
metrics=${CACHE_DIRECTORY:-.}

# What was archived is not missing. A folder that ends in .part may be of a channel whose deletion was interrupted.
if [ -d archive ] && [ -s verified.jsonl ]; then
  ls archive | sed -n 's/^\([a-z0-9-]*\)\(\.part\)\{0,1\}$/{"channelId":"\1",/p' > archived.ids
  grep -vFf archived.ids verified.jsonl > verified.rest || [ $? = 1 ]
  mv verified.rest verified.jsonl
fi

failed=0
since=
if [ -s verified.jsonl ]; then since=verified.jsonl; fi
if "$pressbox" verify --json --metrics "$metrics/pressbox-verify.prom" ${since:+--since "$since"} > verified.new; then
  mv verified.new verified.jsonl
else
  # The next night compares with the same state again, until somebody accepts what was found.
  grep -v '"fault":null' verified.new >&2 || true
  # The server's own journal is verified after all channels.
  if grep -q '^{"channelId":null,' verified.new; then
    echo "The verification failed. To accept what it found: mv $PWD/verified.new $PWD/verified.jsonl" >&2
  else
    echo "The verification did not finish." >&2
  fi
  failed=1
fi

mkdir -p exports uploads
if exported=$("$pressbox" export --all exports --media uploads --json); then
  # Copies of deleted channels must not stay. After a night on which a channel could not be read, nothing is removed: the last good
  # copy of a damaged channel may be the only one.
  channels=$(printf '%s\n' "$exported" | sed -n 's/^{"channelId":"\([^"]*\)".*/\1/p')
  for file in exports/*.ndjson; do
    channel=$(basename "$file" .ndjson)
    printf '%s\n' "$channels" | grep -qxF -e "$channel" || rm -rf "$file" "uploads/$channel"
  done
else
  failed=1
fi

if [ -n "${ARCHIVE_AFTER:-}" ] && [ $failed = 0 ]; then
  "$pressbox" archive --after "$ARCHIVE_AFTER" --to archive --yes --metrics "$metrics/pressbox-archive.prom" || failed=1
fi
exit $failed
