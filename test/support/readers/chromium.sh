#!/bin/sh
# Becomes the Chromium whose path is in CHROMIUM, with the same arguments.
# Chromium loads two pages for the popup of its address bar with each window, which took more CPU time than the pages of most
# tests. This turns them off. Playwright passes `--disable-features` itself and has no option for more features. Chromium uses
# only the last such argument, so the names are appended to Playwright's.
for argument; do
  shift
  case $argument in
    --disable-features=*) argument=$argument,WebUIOmniboxPopup,WebUIOmniboxAimPopup ;;
  esac
  set -- "$@" "$argument"
done
exec "$CHROMIUM" "$@"
