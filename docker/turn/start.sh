#!/bin/sh
# Starts coturn with turnserver.conf and what differs from host to host, from the environment; further arguments go to turnserver.
# The secret goes into a file that only this user reads: neither the list of processes nor the log shows it.
set -eu
umask 077

: "${TURN_SECRET:?TURN_SECRET is missing: the same as in the settings of Oase}"
: "${TURN_REALM:?TURN_REALM is missing: the name of the TURN server}"
: "${TURN_PEERS:?TURN_PEERS is missing: the addresses of the media worker, as in OASE_MEDIA_ANNOUNCE}"
[ "${#TURN_SECRET}" -ge 16 ] || { echo "TURN_SECRET needs 16 characters or more" >&2; exit 1; }

file="${TURN_CONFIGURATION:-/tmp/turnserver.conf}"
{
  cat "$(dirname "$0")/turnserver.conf"
  echo "static-auth-secret=$TURN_SECRET"
  echo "realm=$TURN_REALM"
  echo "$TURN_PEERS" | tr -d ' []' | tr ',' '\n' | sed 's/^/allowed-peer-ip=/'
  if [ -n "${TURN_CERTIFICATES:-}" ]; then
    echo "cert=$TURN_CERTIFICATES/fullchain.pem"
    echo "pkey=$TURN_CERTIFICATES/privkey.pem"
  else
    echo no-tls
    echo no-dtls
  fi
} > "$file"
exec turnserver -c "$file" --log-file stdout --pidfile "$file.pid" "$@"
