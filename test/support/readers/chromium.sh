#!/bin/sh
# Chromium for the tests: run in its place with its arguments, and becomes it. CHROMIUM: where it is.
# With each window it loads two pages for what drops down from its address bar, which took more of the processor than the pages of most
# tests. That is turned off among what Playwright turns off, which does not ask: of two such arguments Chromium heeds the last alone.
for argument; do
  shift
  case $argument in
    --disable-features=*) argument=$argument,WebUIOmniboxPopup,WebUIOmniboxAimPopup ;;
  esac
  set -- "$@" "$argument"
done
exec "$CHROMIUM" "$@"
