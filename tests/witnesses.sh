#!/bin/sh
# Install the programs that judge the modem, the driver and the simulated one: gammu, gammu-smsd and smstools (Debian and
# its kin), and ofono-phonesim in a Debian root of its own, because only Debian 14 has it.
# Their services are not wanted here, so none is started. Without root it only says what is missing.
set -eu
cd "$(dirname "$0")/.."

missing=""
for pair in gammu:gammu gammu-smsd:gammu-smsd smsd:smstools; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair##*:}"
done
# Debian's python3-gammu is a module of the system's own Python: the codec's oracle is a process of that.
/usr/bin/python3 -c "import gammu" 2>/dev/null || missing="$missing python3-gammu"
if [ -n "$missing" ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "missing:$missing. Install them, or run this as root on Debian." >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086 - a list of words
    apt-get install -y -qq --no-install-recommends $missing
    for service in gammu-smsd smstools; do
        service "$service" stop >/dev/null 2>&1 || true
    done
fi
if [ "$(id -u)" -eq 0 ]; then
    "${PYTHON:-python3}" -m tests.phonesim.install
else
    echo "ofono-phonesim needs root, for a Debian root and a network namespace: its tests are skipped." >&2
fi
