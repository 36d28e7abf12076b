#!/bin/sh
# Follows a live channel with curl over Server-Sent Events. Prints one line per message: its name, a tab, and JSON.
#
#   ./follow.sh http://127.0.0.1:4000 moon-landing moon-landing.cursor
#
# The script saves the cursor in the file after it printed the message. When you start it again, it continues from there with what changed
# since, each post once. First come `catchup` messages, until `more` is false, then events as they happen (`post.published`,
# `post.revised` and so on). For a channel that requires a token, set PRESSBOX_TOKEN.
set -u
url=${1:?the server, such as http://127.0.0.1:4000}
channel=${2:?the id of the channel}
cursor_file=${3:?a file for the cursor}
longest_pause=30
tab=$(printf '\t')

# Reads one stream to its end. Without output for three pings, the connection is dead. Other users of the machine can see arguments, so curl
# reads the token from a file descriptor.
stream() {
  {
    [ -s "$cursor_file" ] && printf 'Last-Event-ID: %s\n' "$(cat "$cursor_file")"
    [ -n "${PRESSBOX_TOKEN:-}" ] && printf 'Authorization: Bearer %s\n' "$PRESSBOX_TOKEN"
    :
  } | curl --no-buffer --silent --show-error --speed-limit 1 --speed-time 45 \
    --header 'Accept: text/event-stream' --header @- --write-out '\nstatus: %{response_code}\n' "$url/v1/channels/$channel/stream"
}

# Prints complete messages. A message ends with an empty line. Returns 3 if the script should not retry.
print_messages() {
  id='' name='' data='' retry_ms=''
  while IFS= read -r line; do
    case $line in
      'retry: '*) retry_ms=${line#retry: } ;;
      'id: '*) id=${line#id: } ;;
      'event: '*) name=${line#event: } ;;
      'data: '*) data=${line#data: } ;;
      # A problem instead of a stream. Among client errors, only 429 is worth a retry.
      '{'*) printf 'follow.sh: %s\n' "$line" >&2 ;;
      'status: 429') ;;
      'status: 4'*) exit 3 ;;
      '')
        # curl ends its output with an empty line even if a message was cut off. Only a message with data is complete.
        if [ -z "$data" ]; then id='' name=''; fi
        case $name in
          '' | ping) ;;
          *)
            retry_ms=''
            printf '%s%s%s\n' "$name" "$tab" "$data" || exit 3
            ;;
        esac
        if [ -n "$id" ]; then printf '%s\n' "$id" >"$cursor_file.draft" && mv "$cursor_file.draft" "$cursor_file"; fi
        case $name:$data in
          unsubscribed:*'"expired"'* | unsubscribed:*'"forbidden"'* | unsubscribed:*'"gone"'*) exit 3 ;;
          drain:*) sleep "$(random_below "$(printf '%s' "$data" | sed 's/[^0-9]//g')")" ;;
        esac
        id='' name='' data=''
        ;;
    esac
  done
  # The stream contained only `retry`: the server asks to wait.
  if [ -n "$retry_ms" ]; then sleep "$(awk -v ms="$retry_ms" 'BEGIN { printf "%.3f", ms / 1000 }')"; fi
}

# A random time in seconds, below this many milliseconds.
random_below() {
  awk -v most="$1" -v seed="$(od -An -N4 -tu4 /dev/urandom)" 'BEGIN { srand(seed); printf "%.3f", rand() * most / 1000 }'
}

pause=1
while :; do
  began=$(date +%s)
  stream | print_messages
  [ $? -eq 3 ] && exit 1
  # A stream that lasted is a success. Otherwise the pauses grow, each with random jitter, so that not all clients reconnect at once.
  if [ $(($(date +%s) - began)) -gt 10 ]; then pause=1; fi
  sleep "$(random_below $((pause * 1000)))"
  pause=$((pause * 2 > longest_pause ? longest_pause : pause * 2))
done
