#!/bin/sh
# Follows a live channel with curl alone, over Server-Sent Events, and prints one line a message: its name, a tab, and JSON.
#
#   ./follow.sh http://127.0.0.1:4000 moon-landing moon-landing.cursor
#
# The cursor is kept in the file once what it stands for was printed. Cut the line, stop the script, start it tomorrow: it goes on from
# there, with what changed since, each thing once. A `catchup` comes first, again until its `more` is false; then events as they happen
# (`post.published`, `post.revised` and so on). For a channel that needs one, the token is taken from PRESSBOX_TOKEN.
set -u
url=${1:?the server, such as http://127.0.0.1:4000}
channel=${2:?the id of the channel}
kept=${3:?a file for the cursor}
longest_pause=30
tab=$(printf '\t')

# One stream, from its first line to its last. Without output for three pings the line counts as dead. A token in the arguments could be read by
# everyone on the machine, so curl is told its headers by a file descriptor.
stream() {
  {
    [ -s "$kept" ] && printf 'Last-Event-ID: %s\n' "$(cat "$kept")"
    [ -n "${PRESSBOX_TOKEN:-}" ] && printf 'Authorization: Bearer %s\n' "$PRESSBOX_TOKEN"
    :
  } | curl --no-buffer --silent --show-error --speed-limit 1 --speed-time 45 \
    --header 'Accept: text/event-stream' --header @- --write-out '\nstatus: %{response_code}\n' "$url/v1/channels/$channel/stream"
}

# Prints what is whole: a message ends with an empty line, and one that was cut is not told. Ends with 3 where it should not be tried again.
tell() {
  id='' name='' data='' alone=''
  while IFS= read -r line; do
    case $line in
      'retry: '*) alone=${line#retry: } ;;
      'id: '*) id=${line#id: } ;;
      'event: '*) name=${line#event: } ;;
      'data: '*) data=${line#data: } ;;
      # A problem instead of a stream. Of those that the request is to blame for, only one passes by itself.
      '{'*) printf 'follow.sh: %s\n' "$line" >&2 ;;
      'status: 429') ;;
      'status: 4'*) exit 3 ;;
      '')
        # Curl ends what it says with an empty line, also where a message was cut: only what has its data is whole.
        if [ -z "$data" ]; then id='' name=''; fi
        case $name in
          '' | ping) ;;
          *)
            alone=''
            printf '%s%s%s\n' "$name" "$tab" "$data" || exit 3
            ;;
        esac
        if [ -n "$id" ]; then printf '%s\n' "$id" >"$kept.draft" && mv "$kept.draft" "$kept"; fi
        case $name:$data in
          unsubscribed:*'"expired"'* | unsubscribed:*'"forbidden"'* | unsubscribed:*'"gone"'*) exit 3 ;;
          drain:*) sleep "$(random_below "$(printf '%s' "$data" | sed 's/[^0-9]//g')")" ;;
        esac
        id='' name='' data=''
        ;;
    esac
  done
  # A stream that says no more than this has no room at the moment.
  if [ -n "$alone" ]; then sleep "$(awk -v ms="$alone" 'BEGIN { printf "%.3f", ms / 1000 }')"; fi
}

# Seconds, below so many milliseconds.
random_below() {
  awk -v most="$1" -v seed="$(od -An -N4 -tu4 /dev/urandom)" 'BEGIN { srand(seed); printf "%.3f", rand() * most / 1000 }'
}

pause=1
while :; do
  began=$(date +%s)
  stream | tell
  [ $? -eq 3 ] && exit 1
  # A stream that held counts as a success; pauses grow from a second, each cut at random, so that no crowd comes back at one moment.
  if [ $(($(date +%s) - began)) -gt 10 ]; then pause=1; fi
  sleep "$(random_below $((pause * 1000)))"
  pause=$((pause * 2 > longest_pause ? longest_pause : pause * 2))
done
